import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ApiRequest, ApiResponse } from '../../workflows/door-types.ts';
import { NEW_SIDE, ROLLOUT, rolloutFile } from '../helpers/simulated-rollout.ts';
import { aShell } from './a-shell.ts';
import { fuzz, LONG, type Verdict } from './fuzz.ts';
import { hostileNumber, hostileText, hostileValue, nested, setField } from './hostile-json.ts';
import { edit, edited } from './mutate.ts';
import { rolloutText } from './rollout-grammar.ts';

const PRINCIPAL = 'ana@example.com';

const request = (method: string, path: string, body?: unknown): ApiRequest => ({
  method,
  path,
  query: {},
  headers: {},
  body,
  principal: PRINCIPAL,
});

const ACTIONS = [
  'pause',
  'resume',
  'approve',
  'skip',
  'finish',
  'rollback',
  'abandon',
  'start',
  'freeze',
  'retry',
];
const SEGMENTS = [
  '',
  'v1',
  'rollouts',
  'plans',
  'journal',
  'freeze',
  'unfreeze',
  ROLLOUT,
  'llm-9',
  '..',
  '*',
  ...ACTIONS,
];

const path = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ACTIONS).map((action) => `/v1/rollouts/${ROLLOUT}/${action}`) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '/v1/rollouts',
      '/v1/plans',
      '/v1/freeze',
      '/v1/unfreeze',
      `/v1/rollouts/${ROLLOUT}`,
      `/v1/rollouts/${ROLLOUT}/journal`,
    ),
  },
  { weight: 1, arbitrary: hostileText.map((name) => `/v1/rollouts/${name}/journal`) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.oneof(fc.constantFrom(...SEGMENTS), hostileText), { maxLength: 6 })
      .map((segments) => segments.join('/')),
  },
);

const start = { requestId: 'fuzz', file: rolloutFile({ name: 'other' }), manifests: NEW_SIDE, queue: true };

/** A field of an action that its schema knows, with a value that it may not. */
const field = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'requestId',
      'reason',
      'holdId',
      'stepEntry',
      'drift',
      'file',
      'fileName',
      'planHash',
      'rolloutId',
      'action',
    ),
    fc.oneof(hostileText, hostileValue),
  ),
  fc.tuple(fc.constantFrom('generation', 'untilMs'), hostileNumber),
  fc.tuple(fc.constantFrom('force', 'queue'), fc.oneof(fc.boolean(), hostileValue)),
);

/** Some valid, some not a file at all. */
const file = fc
  .tuple(fc.nat({ max: 900 }), hostileText, fc.boolean())
  .map(([at, piece, isWhole]) =>
    isWhole ? start.file : start.file.slice(0, at) + piece + start.file.slice(at),
  );

/** Wrong in a field, too deep to be walked by recursion, or too large to be stored. */
const manifests: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(NEW_SIDE),
  fc.array(edit, { maxLength: 3 }).map((edits) => edited({ NEW_SIDE }, edits).NEW_SIDE),
  fc
    .tuple(fc.constantFrom(50, 5_000), fc.boolean())
    .map(([depth, isList]) => [{ ...NEW_SIDE[0], spec: nested(depth, isList) }]),
  fc
    .constantFrom(2_000, 1_200_000)
    .map((length) =>
      NEW_SIDE.map((one, index) => (index > 0 ? one : { ...one, data: { a: 'x'.repeat(length) } })),
    ),
);

const body: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 1, arbitrary: hostileValue },
  { weight: 1, arbitrary: fc.constant(undefined) },
  {
    weight: 4,
    arbitrary: fc.array(field, { maxLength: 4 }).map((fields) => {
      const made = { requestId: 'fuzz' };
      for (const [key, value] of fields) setField(made, key, value);
      return made;
    }),
  },
  { weight: 3, arbitrary: fc.array(edit, { maxLength: 3 }).map((edits) => edited(start, edits)) },
  { weight: 2, arbitrary: file.map((text) => ({ ...start, file: text })) },
  { weight: 3, arbitrary: manifests.map((objects) => ({ ...start, manifests: objects })) },
);

const query = fc.dictionary(
  fc.constantFrom('limit', 'after', 'unfinished', 'x', 'constructor'),
  fc.oneof(hostileText, hostileNumber.map(String)),
);

/** What each action needs, nearly. */
const AIMED: readonly (readonly [string, object])[] = [
  ['pause', { generation: 1, reason: 'x' }],
  ['pause', { generation: 2 }],
  ['resume', { generation: 3 }],
  ['approve', { stepEntry: 'x' }],
  ['skip', { stepEntry: 'x', reason: 'x' }],
  ['finish', { stepEntry: 'x' }],
  ['rollback', { force: true }],
  ['abandon', { reason: 'x' }],
  ['freeze', { reason: 'x', untilMs: null }],
];

const aimed: fc.Arbitrary<ApiRequest> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...AIMED), fc.nat({ max: 3 }), fc.array(edit, { maxLength: 2 }))
    .map(([[action, given], id, edits]) =>
      request(
        'POST',
        action === 'freeze' ? '/v1/freeze' : `/v1/rollouts/${ROLLOUT}/${action}`,
        edited({ requestId: `fuzz-${id}`, ...given }, edits),
      ),
    ),
  body.map((given) => request('POST', '/v1/rollouts', given)),
  fc
    .tuple(fc.oneof(file, rolloutText), manifests)
    .map(([text, objects]) => request('POST', '/v1/plans', { file: text, manifests: objects })),
  fc
    .tuple(
      fc.constantFrom('/v1/rollouts', `/v1/rollouts/${ROLLOUT}`, `/v1/rollouts/${ROLLOUT}/journal`),
      query,
    )
    .map(([where, asked]) => ({ ...request('GET', where), query: asked })),
);

const anyhow: fc.Arbitrary<ApiRequest> = fc.record({
  method: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('GET', 'POST') },
    { weight: 1, arbitrary: fc.constantFrom('DELETE', 'PATCH', 'get', '', 'OPTIONS') },
  ),
  path,
  query,
  headers: fc.dictionary(fc.constantFrom('idempotency-key', 'content-type', 'x'), hostileText),
  body,
  principal: fc.oneof(fc.constant(PRINCIPAL), hostileText),
});

/** No figure of ours may be what went wrong: 4xx, never 500, and always a body of the shape that its status promises. */
const checkAnswer = ({ status, headers, body: answered }: ApiResponse): Verdict => {
  // A cluster that does not exist is one that does not answer.
  const isAway = status === 503 && (answered as { title?: unknown }).title === 'cluster-unreachable';
  if (!isAway) expect([200, 201, 202, 400, 404, 405, 409, 422]).toContain(status);
  expect(headers['content-type']).toBe(status < 400 ? 'application/json' : 'application/problem+json');
  expect(() => JSON.stringify(answered)).not.toThrow();
  if (status >= 400)
    expect(answered).toMatchObject({
      type: expect.stringMatching(/^https:\/\/sluice\.dev\/errors\/[a-z-]+$/u),
      title: expect.stringMatching(/^[a-z-]+$/u),
      status,
      detail: expect.stringMatching(/./su),
    });
  return String(status);
};

test('API, requests of any kind to a running rollout', LONG, async () => {
  const seen = await fuzz({
    runs: 80,
    input: fc.array(fc.oneof({ weight: 3, arbitrary: aimed }, { weight: 2, arbitrary: anyhow }), {
      minLength: 1,
      maxLength: 6,
    }),
    check: async (requests) => {
      const { doors, log } = aShell();
      const begun = await doors.api(request('POST', '/v1/rollouts', { ...start, file: rolloutFile() }));
      expect(begun.status).toBe(201);
      const verdicts: Verdict[] = [];
      for (const one of requests) verdicts.push(checkAnswer(await doors.api(one)));
      expect(log.filter((line) => line.endsWith(' api-failed'))).toEqual([]);
      return verdicts;
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['200', '400', '404', '405', '409', '422']));
});
