/** What API servers, model servers and whatever stands before them send: read without a throw, in bounded time. */
import * as fc from 'fast-check';
import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { expect, test } from 'vitest';
import { answerOf, badName, readObject, readPage, readStatus } from '../../functions/adapters/kube-answer.ts';
import { discoverServed, readIndex, readResources } from '../../functions/adapters/kube-discovery.ts';
import type { KubeReply } from '../../functions/adapters/kube-request.ts';
import { readSamples } from '../../functions/adapters/prometheus-text.ts';
import { soundPorts } from '../../functions/runtime/sound-ports.ts';
import { RESOURCES } from '../../workflows/kubernetes.ts';
import type { KubernetesPort, Ports } from '../../workflows/ports.ts';
import { LOOK_FAMILIES, podCounters } from '../../workflows/steps/pod-metrics.ts';
import { fuzz, LONG } from './fuzz.ts';
import { hostileText, hostileValue } from './hostile-json.ts';

/** Nothing here takes more than a moment; a pattern that backtracks would take years. */
const SLOW_MS = 5_000;

const timed = <T>(act: () => T): T => {
  const startMs = performance.now();
  const value = act();
  expect(performance.now() - startMs).toBeLessThan(SLOW_MS);
  return value;
};

const FAMILIES = [...LOOK_FAMILIES, 'up', 'wait'];

const name = fc.constantFrom(...FAMILIES, 'wait_bucket', 'wait_count', 'up_total', 'down', '__proto__', '');
const blank = fc.constantFrom('', ' ', '\t', '  ');
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
const number = fc.oneof(
  { weight: 5, arbitrary: fc.nat().map(String) },
  { weight: 2, arbitrary: fc.double({ noDefaultInfinity: true }).map(String) },
  fc.constantFrom('+Inf', '-Inf', 'NaN', 'Nan', '1e400', '0x1', '', '1.', '.', 'e', '--', '1 2 3'),
);
const labelName = fc.constantFrom('a', 'le', 'status', 'handler', '__proto__', '"q.q"', '1x', '');
const labels = fc
  .array(fc.tuple(labelName, fc.oneof(hostileText.map(escaped), hostileText)), { maxLength: 4 })
  .chain((pairs) =>
    fc.tuple(blank, fc.constantFrom(',', ', ', ' ', '')).map(([gap, comma]) => {
      const inner = pairs.map(([key, value]) => `${gap}${key}${gap}=${gap}"${value}"`).join(comma);
      return pairs.length === 0 ? '' : `{${inner}${comma === ', ' ? '' : comma}}`;
    }),
  );
const line = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, blank, labels, number).map(([n, b, l, v]) => `${n}${b}${l} ${v}`) },
  { weight: 1, arbitrary: fc.tuple(name, hostileText).map(([n, t]) => `# TYPE ${n} ${t}`) },
  { weight: 1, arbitrary: fc.tuple(name, hostileText).map(([n, t]) => `${n}${t}`) },
  { weight: 1, arbitrary: fc.nat({ max: 40_000 }).map((n) => `up{a="${'\\'.repeat(n)}`) },
  { weight: 1, arbitrary: hostileText },
);
const page = fc.array(line, { maxLength: 4 }).map((lines) => lines.join('\n'));

test('metrics pages are read, or say nothing', LONG, async () => {
  const verdicts = await fuzz({
    runs: 4_000,
    input: page,
    check: (text) => {
      const samples = timed(() => readSamples(text, FAMILIES));
      if (samples === null) return 'unreadable';
      for (const { name: of, labels: own, value } of samples) {
        expect(FAMILIES.some((family) => of.startsWith(family))).toBe(true);
        expect(typeof value).toBe('number');
        for (const label of Object.values(own)) expect(typeof label).toBe('string');
      }
      podCounters(samples);
      return samples.length === 0 ? 'empty' : 'read';
    },
  });
  expect(verdicts.toSorted()).toEqual(['empty', 'read', 'unreadable']);
});

test('what is written in the format is read back, also by another parser', LONG, async () => {
  const sample = fc.record({
    name: fc.constantFrom('up', 'wait', 'wait_bucket'),
    labels: fc.dictionary(
      fc.constantFrom('a', 'le', 'status', 'engine'),
      // A carriage return, and blanks at the ends of a line, are no part of a line for either.
      fc.oneof(hostileText, fc.string({ unit: 'grapheme', maxLength: 12 })),
      { noNullPrototype: true },
    ),
    value: fc.oneof(fc.double(), fc.constant(Number.POSITIVE_INFINITY)),
  });
  const say = (value: number): string =>
    Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
  await fuzz({
    runs: 3_000,
    input: fc.array(sample, { minLength: 1, maxLength: 6 }),
    check: (samples) => {
      const lines = samples.map(({ name: of, labels: own, value }) => {
        const inner = Object.entries(own).map(([key, text]) => `${key}="${escaped(text)}"`);
        return `${of}${inner.length === 0 ? '' : `{${inner.join(',')}}`} ${say(value)}`;
      });
      const read = readSamples(`${lines.join('\n')}\n`, FAMILIES);
      expect(read?.map(({ value, ...rest }) => ({ ...rest, value: value + 0 }))).toEqual(
        samples.map(({ value, ...rest }) => ({ ...rest, value: value + 0 })),
      );
      for (const [index, one] of lines.entries()) {
        const [family] = parsePrometheusTextFormat(`${one}\n`);
        const [metric] = family?.metrics ?? [];
        expect({ name: family?.name, labels: metric?.labels ?? {} }).toEqual({
          name: read?.[index]?.name,
          labels: read?.[index]?.labels,
        });
      }
      return 'read back';
    },
  });
});

const STATUS = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  message: 'm',
  reason: 'Invalid',
  details: {
    name: 'n',
    kind: 'k',
    causes: [{ reason: 'r', message: 'm', field: 'f' }],
    retryAfterSeconds: 1,
  },
  code: 422,
} as const;

/** A document of which some parts are anything at all. */
const spoilt = (document: unknown): fc.Arbitrary<unknown> => {
  if (Array.isArray(document)) {
    const items = document.map((item: unknown) => spoilt(item));
    return fc.oneof({ weight: 8, arbitrary: fc.tuple(...items) }, { weight: 1, arbitrary: hostileValue });
  }
  if (typeof document !== 'object' || document === null)
    return fc.oneof({ weight: 12, arbitrary: fc.constant(document) }, { weight: 1, arbitrary: hostileValue });
  const fields = Object.fromEntries(Object.entries(document).map(([key, value]) => [key, spoilt(value)]));
  return fc.oneof(
    { weight: 12, arbitrary: fc.record(fields, { requiredKeys: Object.keys(fields).slice(0, 2) }) },
    { weight: 1, arbitrary: hostileValue },
  );
};

const textOf = (document: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: document.map((value) => JSON.stringify(value) ?? 'undefined') },
    { weight: 1, arbitrary: hostileText },
    { weight: 1, arbitrary: document.map((value) => (JSON.stringify(value) ?? '').slice(0, -1)) },
    { weight: 1, arbitrary: fc.nat({ max: 200_000 }).map((deep) => '['.repeat(deep)) },
  );

const replyWith = (body: fc.Arbitrary<string>): fc.Arbitrary<KubeReply> =>
  fc.record({
    kind: fc.constant('reply' as const),
    status: fc.constantFrom(200, 201, 202, 204, 302, 400, 404, 409, 410, 422, 429, 500, 502, 503, 599),
    contentType: fc.constantFrom('application/json', 'text/html', ''),
    body,
  });

const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';

test('refusals and objects become answers that the shell takes as they are', LONG, async () => {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } };
  const verdicts = await fuzz({
    runs: 3_000,
    input: replyWith(textOf(fc.oneof(spoilt(STATUS), spoilt(object)))),
    check: async (reply) => {
      const answer = timed(() => answerOf(reply, readObject));
      // A refusal is an answer, whatever it says.
      expect(answer.kind === 'answer' || reply.status < 300).toBe(true);
      if (answer.kind === 'noAnswer') return 'no answer';
      const { failure, status } = answer;
      expect([answer.object === undefined, status]).toEqual([reply.status >= 300, reply.status]);
      const kubernetes = { get: () => Promise.resolve(answer) } as unknown as KubernetesPort;
      const call = { cluster: 'c', resource: RESOURCES.pod, namespace: 'n', name: 'a' };
      const sound = await soundPorts({ kubernetes } as Ports).kubernetes.get(call);
      if (failure === undefined) return 'object';
      expect(sound).toEqual(answer);
      const { details, reason, message, code } = failure;
      expect([isText(reason), isText(message), typeof code]).toEqual([true, true, 'number']);
      for (const cause of details?.causes ?? []) expect(Object.values(cause).every(isText)).toBe(true);
      readStatus(reply.body, status);
      return details === undefined ? 'plain refusal' : 'refusal with details';
    },
  });
  expect(verdicts.toSorted()).toEqual(['no answer', 'object', 'plain refusal', 'refusal with details']);
  expect(badName().status).toBe(400);
});

test('pages of lists are lists, or no answer', LONG, async () => {
  const list = {
    kind: 'PodList',
    metadata: { resourceVersion: '1', continue: 'x' },
    items: [{ metadata: {} }],
  };
  const verdicts = await fuzz({
    runs: 2_000,
    input: replyWith(textOf(spoilt(list))),
    check: (reply) => {
      const answer = timed(() => answerOf(reply, readPage));
      if (answer.kind === 'noAnswer') return 'no answer';
      const { object } = answer;
      if (object === undefined) return 'refused';
      expect(Array.isArray(object.items)).toBe(true);
      expect([typeof object.resourceVersion, typeof object.continueToken]).toEqual(['string', 'string']);
      return 'list';
    },
  });
  expect(verdicts.toSorted()).toEqual(['list', 'no answer', 'refused']);
});

const AGGREGATED = {
  kind: 'APIGroupDiscoveryList',
  items: [
    { metadata: { name: 'apps' }, versions: [{ version: 'v1', resources: [{ resource: 'deployments' }] }] },
    { metadata: {}, versions: [{ version: 'v1', resources: [{ resource: 'pods' }], freshness: 'Stale' }] },
  ],
};
const GROUPS = { kind: 'APIGroupList', groups: [{ versions: [{ groupVersion: 'apps/v1' }] }] };
const VERSIONS = { kind: 'APIVersions', versions: ['v1'] };
const RESOURCE_LIST = { kind: 'APIResourceList', resources: [{ name: 'pods' }, { name: 'pods/proxy' }] };

test('discovery finds what is served, or says why not', LONG, async () => {
  const ok = (body: string): KubeReply => ({ kind: 'reply', status: 200, contentType: '', body });
  const index = textOf(fc.oneof(spoilt(AGGREGATED), spoilt(GROUPS), spoilt(VERSIONS)));
  const mostly = fc.oneof(
    { weight: 4, arbitrary: index.map(ok) },
    { weight: 1, arbitrary: replyWith(index) },
  );
  const verdicts = await fuzz({
    runs: 2_000,
    input: fc.record({
      core: mostly,
      groups: mostly,
      each: fc.oneof(textOf(spoilt(RESOURCE_LIST)).map(ok), replyWith(textOf(spoilt(RESOURCE_LIST)))),
    }),
    check: async ({ core, groups, each }) => {
      const pages: Readonly<Record<string, KubeReply>> = { '/api': core, '/apis': groups };
      const startMs = performance.now();
      const answer = await discoverServed((path) => {
        expect(path).toMatch(/^\/apis?(\/[a-z0-9.-]+){0,2}$/);
        return Promise.resolve(pages[path] ?? each);
      });
      expect(performance.now() - startMs).toBeLessThan(SLOW_MS);
      if (answer.kind === 'noAnswer') return 'no answer';
      if (answer.object === undefined) return 'refused';
      for (const plurals of Object.values(answer.object))
        for (const plural of plurals) expect([typeof plural, plural === '']).toEqual(['string', false]);
      return 'served';
    },
  });
  expect(verdicts.toSorted()).toEqual(['no answer', 'refused', 'served']);
  expect([readIndex({}), readResources({})]).toEqual([null, null]);
});
