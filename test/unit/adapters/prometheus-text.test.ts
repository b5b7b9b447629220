import { readFileSync } from 'node:fs';
import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { describe, expect, test } from 'vitest';
import { readSamples } from '../../../functions/adapters/prometheus-text.ts';
import type { MetricSample } from '../../../workflows/ports.ts';
import { LOOK_FAMILIES, MINUTE_FAMILIES } from '../../../workflows/steps/pod-metrics.ts';
import { recordedExchanges } from '../../helpers/recorded-exchange.ts';
import { sharedPath } from '../../helpers/shared.ts';

const sample = (name: string, labels: Readonly<Record<string, string>>, value: number): MetricSample => ({
  name,
  labels,
  value,
});

describe('a line', () => {
  test.each<[string, MetricSample]>([
    ['up 1', sample('up', {}, 1)],
    ['up{} 1', sample('up', {}, 1)],
    ['up{a="b"} 1', sample('up', { a: 'b' }, 1)],
    ['up{a="b",} 1', sample('up', { a: 'b' }, 1)],
    [' up\t{ a = "b" , c = "d" }\t1 ', sample('up', { a: 'b', c: 'd' }, 1)],
    ['up{a="b"}1', sample('up', { a: 'b' }, 1)],
    ['up{a="}{,=# "} 1', sample('up', { a: '}{,=# ' }, 1)],
    [String.raw`up{a="C:\\DIR\n\"x\" \d"} 1`, sample('up', { a: 'C:\\DIR\n"x" \\d' }, 1)],
    [String.raw`up{a="\\n"} 1`, sample('up', { a: '\\n' }, 1)],
    ['up{"my.label"="b",a=""} 1', sample('up', { 'my.label': 'b', a: '' }, 1)],
    ['up{a="größe 大"} 1', sample('up', { a: 'größe 大' }, 1)],
    ['up 1.5e-3', sample('up', {}, 0.0015)],
    ['up +.5', sample('up', {}, 0.5)],
    ['up -7.', sample('up', {}, -7)],
    ['up +Inf', sample('up', {}, Number.POSITIVE_INFINITY)],
    ['up -inf', sample('up', {}, Number.NEGATIVE_INFINITY)],
    ['up NaN', sample('up', {}, Number.NaN)],
    ['up 1 1395066363000', sample('up', {}, 1)],
    ['up{a="b"} 1 -3982045', sample('up', { a: 'b' }, 1)],
    ['up 17 # {trace_id="KOO5S4vxi0o"} 0.67 1520879607.789', sample('up', {}, 17)],
    ['up 1\r', sample('up', {}, 1)],
  ])('%s', (line, expected) => {
    expect(readSamples(`${line}\n`, ['up'])).toEqual([expected]);
    // The last line may lack its end.
    expect(readSamples(`other 1\n${line}`, ['up'])).toEqual([expected]);
  });

  test.each([
    'up',
    'up ',
    'up{',
    'up{a="b"',
    'up{a="b} 1',
    'up{a="b"} ',
    'up{a="b"} x',
    'up{a=b} 1',
    'up{a="b" c="d"} 1',
    'up{="b"} 1',
    'up{1a="b"} 1',
    'up{a="b"}} 1',
    'up 0x10',
    'up 1_000',
    'up 1,5',
    'up --1',
    'up 1e',
    'up nope',
    'up <html>',
    `up{a="${'x'.repeat(70_000)}"} 1`,
  ])('that cannot be read makes the page say nothing: %s', (line) => {
    expect(readSamples(`up 1\n${line}\n`, ['up'])).toBeNull();
    // Of a family that nobody asked for it may say what it likes.
    expect(readSamples(`up 1\n${line.replace('up', 'down')}\n`, ['up'])).toEqual([sample('up', {}, 1)]);
  });

  test('labels may be called like what every object has', () => {
    const [one] = readSamples('up{__proto__="a",constructor="b",toString="c"} 1\n', ['up']) ?? [];
    expect(Object.entries(one?.labels ?? {})).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['toString', 'c'],
    ]);
  });
});

describe('a family', () => {
  test('of a histogram comes with all its series, of a counter with and without _total', () => {
    const page = `# HELP wait_seconds x
# TYPE wait_seconds histogram
wait_seconds_bucket{le="1"} 2
wait_seconds_bucket{le="+Inf"} 3
wait_seconds_sum 4.5
wait_seconds_count 3
wait_seconds_by_reason{r="x"} 9
wait 1
# TYPE sent counter
sent_total 7
sent_created 1700000000
# EOF
`;
    const names = (families: readonly string[]) => readSamples(page, families)?.map(({ name }) => name);
    expect(names(['wait_seconds'])).toEqual([
      'wait_seconds_bucket',
      'wait_seconds_bucket',
      'wait_seconds_sum',
      'wait_seconds_count',
    ]);
    expect(names(['sent'])).toEqual(['sent_total']);
    expect(names(['sent_total'])).toEqual(['sent_total']);
    expect(names(['sent', 'sent_total'])).toEqual(['sent_total']);
    expect(names([])).toEqual([]);
  });

  test('of its own that is called like a series of another is another', () => {
    const page = `# TYPE jobs gauge
jobs 1
#  TYPE\tjobs_count gauge
jobs_count 2
`;
    expect(readSamples(page, ['jobs'])).toEqual([sample('jobs', {}, 1)]);
    expect(readSamples(page, ['jobs_count'])).toEqual([sample('jobs_count', {}, 2)]);
  });
});

describe('pages of real servers', () => {
  const epp = sharedPath('recorded', 'epp-1.5.0-metrics.txt');
  const vllm = sharedPath('recorded', 'vllm-0.32.0.jsonl');
  const pages = (): readonly (readonly [string, string])[] => [
    ['endpoint picker 1.5.0', readFileSync(epp ?? '', 'utf8')],
    ...recordedExchanges(vllm ?? '')
      .filter(({ name }) => name.startsWith('metrics.'))
      .map(({ name, response }) => [`vLLM 0.32.0, ${name}`, String(response.body)] as const),
  ];

  /** The library on one line at a time: of a whole page it merges histograms that differ in their labels. */
  const byLibrary = (line: string): MetricSample => {
    const [family] = parsePrometheusTextFormat(`${line}\n`);
    const [metric] = family?.metrics ?? [];
    const { value = '', labels = {} } = metric ?? {};
    return sample(family?.name ?? '', labels, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value));
  };

  test.runIf(epp !== null)('say line by line what another parser reads', () => {
    let lines = 0;
    for (const [name, page] of pages()) {
      const samples = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const families = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, family = '']) => family);
      expect({ name, samples: readSamples(page, families) }).toEqual({
        name,
        samples: samples.map(byLibrary),
      });
      lines += samples.length;
    }
    console.log(`metrics pages: ${pages().length}, ${lines} samples compared`);
    expect(lines).toBe(1_422);
  });

  test.runIf(vllm !== null)('are cut to what is asked for', () => {
    const [, page = ''] = pages().find(([name]) => name.endsWith('metrics.idle')) ?? [];
    const of = (families: readonly string[]) => new Set(readSamples(page, families)?.map(({ name }) => name));
    const look = ['vllm:num_requests_running', 'vllm:num_requests_waiting', 'vllm:request_success_total'];
    const ttft = ['_bucket', '_count', '_sum'].map((end) => `vllm:time_to_first_token_seconds${end}`);
    expect(of(LOOK_FAMILIES)).toEqual(new Set([...look, 'http_requests_total']));
    expect(of(MINUTE_FAMILIES)).toEqual(new Set([...look, 'http_requests_total', ...ttft]));
  });

  test.runIf(vllm !== null)('are read in a fraction of a millisecond', () => {
    const [, page = ''] = pages().find(([name]) => name.endsWith('metrics.idle')) ?? [];
    const rounds = 400;
    const timed = (act: () => unknown): number => {
      for (let round = 0; round < 20; round += 1) act();
      const { user: before } = process.cpuUsage();
      for (let round = 0; round < rounds; round += 1) act();
      return (process.cpuUsage().user - before) / 1_000 / rounds;
    };
    const oursMs = timed(() => readSamples(page, MINUTE_FAMILIES));
    const theirsMs = timed(() => parsePrometheusTextFormat(page));
    console.log(
      `a page of ${page.length} bytes: ${oursMs.toFixed(3)} ms, the library ${theirsMs.toFixed(3)} ms; ` +
        `40 pods every 5 s: ${((oursMs * 40) / 50).toFixed(2)} % of a core`,
    );
    expect(oursMs).toBeLessThan(5);
  });
});
