/** start, get and watch against a server that answers as the API does; what the API answers is tested where it is made. */
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { runCli } from '../../../cli/main.ts';
import { EXAMPLES } from '../../../local/demo-input.ts';
import { type HeardRequest, type HttpListener, listenHttp } from '../../helpers/http-listener.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { testIo } from '../../helpers/test-io.ts';

const FILE = join(EXAMPLES, 'node-update', 'rollout.yaml');

let server: HttpListener | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

const serve = async (
  answer: (request: HeardRequest, response: ServerResponse) => void,
): Promise<HttpListener> => {
  server = await listenHttp(answer);
  return server;
};

const json = (response: ServerResponse, status: number, body: unknown): void => {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
};

const ran = async (...args: readonly string[]) => {
  const io = testIo();
  const code = await runCli(args, io);
  return { code, out: io.outLines, err: io.errLines, sleptMs: io.sleptMs };
};

const entry = (seq: number, to = 'preflight') => ({
  rolloutId: 'a-1',
  seq,
  atMs: Date.UTC(2026, 2, 2, 9, 0, seq),
  message: { kind: 'timer' },
  from: 'queued',
  to,
  refusal: null,
  sentence: `entry ${seq}`,
});

const VIEW = {
  rolloutId: 'a-1',
  type: 'node',
  cluster: 'projects/acme/locations/us-central1/clusters/inference',
  namespace: 'serving',
  from: 'llm',
  to: 'llm-new',
  state: 'shifting',
  step: 'baking',
  hold: null,
  ending: null,
  sharePercent: { asked: 25, written: 25, confirmed: 5 },
  rung: 1,
  ladder: [{ sharePercent: 5 }, { sharePercent: 25 }, { sharePercent: 100 }],
  createdAtMs: Date.UTC(2026, 2, 2, 9),
  finishedAtMs: null,
  nextAtMs: Date.UTC(2026, 2, 2, 9, 30),
  journalSeq: 12,
  somethingNew: true,
};

describe('nothing there', () => {
  test.each([['get'], ['get', 'a-1'], ['watch', 'a-1'], ['start', '-f', FILE]])(
    '%s %s says how to start it',
    async (...args) => {
      const { url, close } = await listenHttp(() => undefined);
      await close();
      expect(await ran(...args, '--server', url)).toEqual({
        code: 1,
        out: [],
        err: [`sluice dev is not running at ${url}: start it with \`sluice dev\``],
        sleptMs: 0,
      });
    },
  );

  test('elsewhere is no matter of sluice dev', async () => {
    const { code, err } = await ran('get', '--server', 'http://sluice.invalid');
    expect({ code, err }).toEqual({
      code: 1,
      err: [
        expect.stringMatching(
          /^http:\/\/sluice\.invalid cannot be asked: .+; name another one with --server or SLUICE_SERVER$/,
        ),
      ],
    });
  });

  test('another program is not taken for Sluice', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    );
    for (const args of [['get'], ['watch', 'a-1']])
      expect((await ran(...args, '--server', url)).err).toEqual([
        `${url} cannot be asked: what answers there is not Sluice (200, text/html); name another one with --server or SLUICE_SERVER`,
      ]);
  });
});

describe('start', () => {
  test('sends the file as it is with its manifests, and says what to type next', async () => {
    const { url, heard } = await serve((_, response) =>
      json(response, 201, { code: 'started', detail: 'llm-to-h200-1 is queued', rolloutId: 'llm-to-h200-1' }),
    );
    const { code, out } = await ran('start', '-f', FILE, '--queue', '--request-id', 'r', '--server', url);
    expect({ code, out }).toEqual({
      code: 0,
      out: [
        'llm-to-h200-1 is queued',
        '  sluice watch llm-to-h200-1    what happens, as it happens',
        '  sluice get llm-to-h200-1      where it is',
      ],
    });
    const [{ method, path, body } = { method: '', path: '', body: '{}' }] = heard;
    const { manifests, file, ...rest } = JSON.parse(body) as { manifests: unknown[]; file: string };
    expect({ method, path, rest }).toEqual({
      method: 'POST',
      path: '/v1/rollouts',
      rest: { requestId: 'r', fileName: FILE, queue: true, planHash: null },
    });
    expect(file).toContain('kind: Rollout');
    expect(manifests.length).toBeGreaterThan(5);
  });

  test('has another request id each time, unless it is given one', async () => {
    const { url, heard } = await serve((_, response) => json(response, 201, { detail: 'x', rolloutId: 'x' }));
    await ran('start', '-f', FILE, '--server', url);
    await ran('start', '-f', FILE, '--server', url, '-o', 'json');
    const ids = heard.map(({ body }) => (JSON.parse(body) as { requestId: string }).requestId);
    expect(new Set(ids).size).toBe(2);
  });

  test('tells what the API refuses', async () => {
    const detail = 'b-1 already works on pool serving/llm; wait for it, or start with --queue';
    const { url } = await serve((_, response) => json(response, 409, { title: 'pool-locked', detail }));
    expect(await ran('start', '-f', FILE, '--server', url)).toMatchObject({
      code: 1,
      err: [`${FILE}  pool-locked  ${detail}.  \`sluice get\` says where it is.`],
    });
  });

  test('does not ask where the file is wrong', async () => {
    using folder = temporaryFolder({ 'rollout.yaml': 'kind: Rollout\n' });
    const { url, heard } = await serve(() => undefined);
    const { code, err } = await ran('start', '-f', folder.at('rollout.yaml'), '--server', url);
    expect({ code, asked: heard.length }).toEqual({ code: 1, asked: 0 });
    expect(err.length).toBeGreaterThan(0);
  });
});

describe('get', () => {
  test('shows one rollout', async () => {
    const { url } = await serve((_, response) => json(response, 200, VIEW));
    expect(await ran('get', 'a-1', '--server', url)).toMatchObject({
      code: 0,
      out: [
        'a-1   shifting · baking · rung 2 of 3',
        ' what     node · serving/llm → llm-new · projects/acme/locations/us-central1/clusters/inference',
        ' traffic  asked 25 % · written 25 % · programmed 5 %',
        ' ladder   5 %  [25 %]  100 %',
        ' started  2026-03-02 09:00:00',
        ' next     2026-03-02 09:30:00',
      ],
    });
  });

  test('shows why one is held, and how one ended', async () => {
    const sinceMs = Date.UTC(2026, 2, 2, 9, 5);
    const held = {
      ...VIEW,
      hold: { sentence: 'the weights were changed', sinceMs, deadlineMs: sinceMs + 60_000 },
    };
    const ended = {
      ...VIEW,
      state: 'rolledBack',
      finishedAtMs: sinceMs,
      ending: { reason: 'alert', sentence: 'Too many errors.' },
    };
    const views = [held, ended];
    const { url } = await serve((_, response) => json(response, 200, views.shift()));
    expect((await ran('get', 'a-1', '--server', url)).out.slice(4, 6)).toEqual([
      ' held     the weights were changed',
      '          since 09:05:00, at the latest until 2026-03-02 09:06:00',
    ]);
    const { code, out } = await ran('get', 'a-1', '--server', url);
    expect(code).toBe(4);
    expect(out).toEqual([
      'a-1   rolledBack',
      out[1],
      out[2],
      ' ladder   5 %  25 %  100 %',
      ' why      Too many errors.',
      ' started  2026-03-02 09:00:00',
      ' ended    2026-03-02 09:05:00, after 5m',
    ]);
  });

  test('lists all pages', async () => {
    const listed = (rolloutId: string, state: string, tookMs: number | null) => ({
      rolloutId,
      state,
      poolKey: 'projects/acme/locations/us-central1/clusters/inference/serving/llm',
      createdAtMs: VIEW.createdAtMs,
      finishedAtMs: tookMs === null ? null : VIEW.createdAtMs + tookMs,
    });
    const pages = [
      { rollouts: [listed('a-1', 'promoted', 3_600_000)], next: 'a-1' },
      { rollouts: [listed('b-longer-1', 'shifting', null)], next: null },
    ];
    const { url, heard } = await serve((_, response) => json(response, 200, pages.shift()));
    expect(await ran('get', '--server', url)).toMatchObject({
      code: 0,
      out: [
        'NAME         STATE      POOL          STARTED (UTC)         TOOK',
        'a-1          promoted   serving/llm   2026-03-02 09:00:00   1h',
        'b-longer-1   shifting   serving/llm   2026-03-02 09:00:00',
      ],
    });
    expect(heard.map(({ path }) => path)).toEqual([
      '/v1/rollouts?limit=200',
      '/v1/rollouts?limit=200&after=a-1',
    ]);
  });

  test('prints the answer as it came, says when there is none yet, and what is not understood', async () => {
    const answers: unknown[] = [VIEW, { rollouts: [], next: null }, { rollouts: [], next: null }, { a: 1 }];
    const { url } = await serve((_, response) => json(response, 200, answers.shift()));
    expect(JSON.parse((await ran('get', 'a-1', '-o', 'json', '--server', url)).out.join('\n'))).toEqual(VIEW);
    expect(JSON.parse((await ran('get', '-o', 'json', '--server', url)).out.join('\n'))).toEqual({
      rollouts: [],
    });
    expect((await ran('get', '--server', url)).err).toEqual([
      'There is no rollout yet: `sluice start -f FILE` starts one.',
    ]);
    const { code, err } = await ran('get', 'a-1', '--server', url);
    expect({ code, err }).toEqual({ code: 1, err: [expect.stringContaining('rolloutId')] });
  });
});

describe('watch', () => {
  /** A stream of events; `end` closes it. */
  const stream = (response: ServerResponse, texts: readonly string[]): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    for (const text of texts) response.write(text);
    response.end();
  };
  const event = (seq: number): string => `id: ${seq}\nevent: entry\ndata: ${JSON.stringify(entry(seq))}\n\n`;
  const END = 'event: end\ndata: {"rolloutId":"a-1","state":"rolledBack"}\n\n';

  test('goes on over streams that end, break, repeat and leave out, and misses and doubles nothing', async () => {
    const streams: readonly (readonly string[])[] = [
      [': \n\n', event(1), event(2), `id: 3\nevent: entry\ndata: {"rolloutId":"a-1","se`],
      [event(2), event(3)],
      [event(5), event(6)],
      ['id: 4\nevent: entry\ndata: {broken}\n\n', event(4)],
      [],
      [event(4), event(5), END, event(6)],
    ];
    let next = 0;
    const { url, heard } = await serve((_, response) => stream(response, streams[next++] ?? []));
    const { code, out } = await ran('watch', 'a-1', '--server', url);
    expect({ code, out }).toEqual({
      code: 4,
      out: [
        '09:00:01  entry 1',
        '09:00:02  entry 2',
        '09:00:03  entry 3',
        '09:00:04  entry 4',
        '09:00:05  entry 5',
        'a-1   rolledBack',
      ],
    });
    expect(heard.map(({ headers }) => headers['last-event-id'])).toEqual(['0', '2', '3', '3', '3', '3']);
  });

  test('waits for a server that goes away, and says so', async () => {
    let asked = 0;
    const { url } = await serve((_, response) => {
      asked += 1;
      if (asked === 1) stream(response, [event(1)]);
      else if (asked < 4) json(response, 503, { title: 'store-busy' });
      else stream(response, [event(2), END]);
    });
    const { code, out, err, sleptMs } = await ran('watch', 'a-1', '--server', url);
    expect({ code, entries: out.length, err }).toEqual({
      code: 4,
      entries: 3,
      err: [`${url} is gone; waiting for it`, `${url} is back`],
    });
    expect(sleptMs).toBeGreaterThanOrEqual(2_000);
  });

  test('gives up on one that stays away', async () => {
    const { url, close } = await serve((_, response) => stream(response, [event(1)]));
    const { code, err, sleptMs } = await (async () => {
      const io = testIo();
      const sleep = io.sleep.bind(io);
      const closed = { is: false };
      const given = {
        ...io,
        sleep: async (ms: number) => {
          if (!closed.is) await close();
          closed.is = true;
          await sleep(ms);
        },
      };
      const running = runCli(['watch', 'a-1', '--after', '1', '--server', url], given);
      return { code: await running, err: io.errLines, sleptMs: io.sleptMs };
    })();
    expect({ code, last: err.at(-1) }).toEqual({
      code: 1,
      last: `sluice dev is not running at ${url}: start it with \`sluice dev\``,
    });
    expect(sleptMs).toBeGreaterThan(100_000);
    server = null;
  });

  test('prints entries as JSON, a line each, also those that say little', async () => {
    const quiet = { ...entry(1, 'queued'), message: { kind: 'observed' } };
    const { url } = await serve((_, response) =>
      stream(response, [`id: 1\nevent: entry\ndata: ${JSON.stringify(quiet)}\n\n`, END]),
    );
    expect((await ran('watch', 'a-1', '-o', 'json', '--server', url)).out).toEqual([JSON.stringify(quiet)]);
    expect((await ran('watch', 'a-1', '--server', url)).out).toEqual(['a-1   rolledBack']);
  });

  test('is told when there is no such rollout', async () => {
    const { url } = await serve((_, response) =>
      json(response, 404, { title: 'rollout-missing', detail: 'there is no rollout b-1' }),
    );
    expect(await ran('watch', 'b-1', '--server', url)).toMatchObject({
      code: 1,
      err: ['b-1  rollout-missing  there is no rollout b-1.  `sluice get` lists those that there are.'],
    });
  });
});

describe('wrong usage', () => {
  test.each([
    [['dev', '--port', '70000'], 'It must be a whole number from 0 to 65535.'],
    [['dev', '--speed', '0'], 'It must be a whole number from 1 to 60.'],
    [['get', '--server', 'localhost:8080'], 'It must be an address such as http://127.0.0.1:8080.'],
    [['get', '-o', 'xml'], 'Allowed choices are json.'],
    [['watch'], "missing required argument 'id'"],
    [['dev', '--dir', '/no/such'], 'There is no such folder.'],
  ])('%s', async (args, message) => {
    const { code, out, err } = await ran(...args);
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(err.join('\n')).toContain(message);
  });

  test('help has an example for each command', async () => {
    for (const command of ['dev', 'start', 'get', 'watch']) {
      const { code, out } = await ran(command, '--help');
      expect(code).toBe(0);
      expect(out.join('\n')).toContain(`Example:\n  sluice ${command}`);
    }
  });
});
