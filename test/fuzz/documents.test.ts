import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { incidentMessage } from '../../simulator/world/incident-message.ts';
import type { CommitBatch, Ports } from '../../workflows/ports.ts';
import { checkBatch } from '../../workflows/rollout/check-batch.ts';
import type { Message } from '../../workflows/rollout/messages.ts';
import { parseDocument } from '../../workflows/rollout/parse-document.ts';
import { step } from '../../workflows/rollout/step.ts';
import { type RolloutDocument, rolloutDocumentSchema } from '../../workflows/rollout/stored.ts';
import { MOMENTS } from '../golden/moments.ts';
import { aPlan } from '../helpers/a-plan.ts';
import { healthyLook } from '../helpers/driver.ts';
import { POLICY } from '../helpers/simulated-rollout.ts';
import { anIncident } from '../helpers/stored-records.ts';
import { aSpec } from '../unit/plans/a-cluster.ts';
import { aShell } from './a-shell.ts';
import { eventOf } from './envelopes.ts';
import { fuzz, LONG, outcomeOf, type Verdict } from './fuzz.ts';
import { hostileText, hostileValue, setField } from './hostile-json.ts';
import { type Edit, edit, edited } from './mutate.ts';

const spec = JSON.stringify(aSpec());

/** Rollouts at many moments of their lives, with a spec that the shell can read. */
const moments: readonly RolloutDocument[] = Object.values(MOMENTS)
  .map((moment) => moment().document)
  .map((document) => ({ ...document, spec, plan: document.plan ?? JSON.stringify(aPlan()) }));

type Text = 'spec' | 'plan' | 'snapshot' | 'rollbackRecord';

/** A text of the document, cut short, replaced, or with other JSON in it. */
type Damage =
  | { readonly kind: 'cut'; readonly text: Text; readonly at: number }
  | { readonly kind: 'text'; readonly text: Text; readonly value: string }
  | { readonly kind: 'json'; readonly text: Text; readonly edits: readonly Edit[] };

const text = fc.constantFrom<Text>('spec', 'plan', 'snapshot', 'snapshot', 'snapshot', 'rollbackRecord');

const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), text, at: fc.nat({ max: 999 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('text' as const), text, value: hostileText }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('text' as const),
      text,
      value: hostileValue.map((value) => JSON.stringify(value)),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('json' as const),
      text,
      edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
    }),
  },
);

const damaged = (document: RolloutDocument, how: Damage): RolloutDocument => {
  const whole = document[how.text];
  if (whole === null) return document;
  if (how.kind === 'text') return { ...document, [how.text]: how.value };
  if (how.kind === 'cut')
    return { ...document, [how.text]: whole.slice(0, Math.floor((how.at * whole.length) / 1000)) };
  const json: unknown = edited(JSON.parse(whole) as unknown, how.edits);
  return { ...document, [how.text]: JSON.stringify(json) };
};

/** What may come to any of them. */
const messagesFor = (document: RolloutDocument): readonly Message[] => {
  const origin = { principal: 'bo@example.com', via: 'api' };
  const command = (messageId: string, given: Extract<Message, { kind: 'command' }>['command']): Message => ({
    kind: 'command',
    messageId,
    origin,
    command: given,
  });
  const incident = anIncident({ policy: 'projects/acme/alertPolicies/1', startedAtMs: document.lastNowMs });
  return [
    { kind: 'alert', messageId: 'a', incident },
    command('c1', { name: 'rollback', reason: 'x', force: false }),
    command('c2', { name: 'pause', generation: 99, reason: 'x' }),
    command('c3', { name: 'resume', generation: 99, holdId: null, drift: 'reapply' }),
    command('c4', { name: 'skip', stepEntry: 'x', reason: 'x' }),
    command('c5', { name: 'abandon', reason: 'x' }),
    { kind: 'recordExecuted', messageId: 'r', why: 'x' },
    { kind: 'observed', messageId: 'o', stepEntry: 'x', look: healthyLook(document.lastNowMs + 60_000) },
    ...document.timers.map(
      ({ id, token }): Message => ({ kind: 'timer', messageId: `t${id}`, timerId: id, token }),
    ),
    ...document.outbox.map(
      ({ id }): Message => ({
        kind: 'outcome',
        messageId: `e${id}`,
        effectId: id,
        outcome: { kind: 'fenced' },
      }),
    ),
  ];
};

const moment = fc.constantFrom(...moments);

/** What is newer is left to a newer instance, whatever else is in it; what is read has all fields and no others. */
const readDocument = async (value: unknown): Promise<Verdict> => {
  const version: unknown = (value as { schemaVersion?: unknown }).schemaVersion;
  const isNewer = typeof version === 'number' && version > 1;
  const verdict = await outcomeOf(
    () => Object.keys(parseDocument(value)).toSorted(),
    (fields) => {
      expect(fields).toEqual(Object.keys(rolloutDocumentSchema.shape).toSorted());
      return 'sound';
    },
  );
  expect(verdict === 'RetryableError').toBe(isNewer);
  return verdict;
};

test('document, mutated, of a newer schema or with unknown fields', LONG, async () => {
  const seen = await fuzz({
    runs: 1_500,
    input: fc
      .tuple(
        moment,
        fc.array(edit, { maxLength: 3 }),
        fc.option(fc.tuple(fc.constantFrom('schemaVersion', 'colour', '__proto__'), hostileValue)),
      )
      .map(([document, edits, extra]) => {
        const made: unknown = edited(document, edits);
        if (extra !== null) setField(made as object, ...extra);
        return made;
      }),
    check: readDocument,
  });
  expect(seen).toEqual(expect.arrayContaining(['sound', 'RetryableError', 'InvariantError']));
});

test('step on documents with damaged texts', LONG, async () => {
  const seen = await fuzz({
    runs: 1_200,
    input: fc.tuple(moment, damage, fc.nat({ max: 99 })),
    check: ([document, how, which]) => {
      const broken = damaged(document, how);
      const messages = messagesFor(broken);
      const message = messages[which % messages.length] ?? messages[0];
      if (message === undefined) return 'none';
      return outcomeOf(
        () => step(broken, message, broken.lastNowMs + 1000),
        (next) => {
          if (next.kind !== 'next') return next.kind;
          // What comes out of a step is stored as it is, or refused by every store: never stored in part.
          const written: unknown = JSON.parse(JSON.stringify(next.document));
          if (!rolloutDocumentSchema.safeParse(written).success) return 'unstorable';
          expect(written).toEqual(next.document);
          return 'next';
        },
      );
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['next', 'InvariantError']));
});

const NOW_MS = 1_772_442_000_000;

interface Kept {
  readonly commits: CommitBatch[];
}

/** One document behind the shell, as a store's schema reads it. */
const storing =
  (value: unknown, kept: Kept) =>
  (ports: Ports): Ports => ({
    ...ports,
    store: {
      ...ports.store,
      load: async () => ({
        document: parseDocument(kept.commits.at(-1)?.document ?? value),
        readAtMs: NOW_MS,
      }),
      watching: async () => ['llm-to-new-1'],
      due: async ({ after }) => ({
        rollouts: after === undefined ? [{ rolloutId: 'llm-to-new-1', wakeAtMs: 0 }] : [],
        readAtMs: NOW_MS,
      }),
      commit: async (batch) => {
        const now = parseDocument(kept.commits.at(-1)?.document ?? value);
        if (batch.expectedRevision !== now.revision) return { kind: 'conflict' };
        checkBatch(batch);
        kept.commits.push(batch);
        return { kind: 'committed' };
      },
    },
  });

const json = (value: unknown) => eventOf(Buffer.from(JSON.stringify(value), 'utf8').toString('base64'));

const INCIDENT = incidentMessage(anIncident({ policy: POLICY, startedAtMs: 1_772_442_000_000 }));

/** All that may happen to a rollout from outside; what each came to. */
const knock = async (
  value: unknown,
): Promise<{
  readonly verdicts: readonly Verdict[];
  readonly kept: Kept;
  readonly log: readonly string[];
}> => {
  const kept: Kept = { commits: [] };
  const { doors, log } = aShell(storing(value, kept));
  const ask = (method: string, path: string, body?: unknown) =>
    doors.api({ method, path, query: {}, headers: {}, body, principal: 'bo@example.com' });
  const at = '/v1/rollouts/llm-to-new-1';
  const knocks: readonly (() => Promise<unknown>)[] = [
    () => doors.onWake(json({ rolloutId: 'llm-to-new-1' })),
    () => doors.onAlert(json(INCIDENT)),
    () =>
      doors.onRequest(json({ action: 'rollback', requestId: 'r1', rolloutId: 'llm-to-new-1', force: true })),
    () => doors.onTick(json({})),
  ];
  const verdicts: Verdict[] = [];
  for (const one of knocks) verdicts.push(await outcomeOf(one));
  for (const answer of [
    await ask('GET', at),
    await ask('POST', `${at}/rollback`, { requestId: 'r2', force: true }),
  ])
    verdicts.push(String(answer.status));
  return { verdicts, kept, log };
};

test('document that this version cannot read: never written, never acknowledged as done', LONG, async () => {
  const seen = await fuzz({
    runs: 60,
    input: fc.tuple(
      moment,
      fc.oneof(
        fc.constantFrom(2, 3, 1e9).map((version) => ['schemaVersion', version] as const),
        fc.constantFrom('colour', 'tenant').map((name) => [name, 1] as const),
        fc
          .constantFrom('spec', 'fence', 'timers', 'outbox', 'wakeAtMs')
          .map((name) => [name, { a: 1 }] as const),
      ),
    ),
    check: async ([document, [name, value]]) => {
      const { verdicts, kept } = await knock({ ...document, [name]: value });
      expect(kept.commits).toEqual([]);
      const [wake, alert, request, tick, get, rollback] = verdicts;
      const expected = name === 'schemaVersion' ? 'RetryableError' : 'InvariantError';
      expect([wake, alert, request, tick]).toEqual([expected, expected, expected, 'done']);
      expect([get, rollback]).toEqual(name === 'schemaVersion' ? ['503', '503'] : ['500', '500']);
      return expected;
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['RetryableError', 'InvariantError']));
});

test('document with damaged texts: the doors stand, and nothing unknown is thrown', LONG, async () => {
  const seen = await fuzz({
    runs: 120,
    input: fc.tuple(moment, damage),
    check: async ([document, how]) => {
      const { verdicts, kept } = await knock(damaged(document, how));
      for (const { document: written } of kept.commits) {
        expect(parseDocument(JSON.parse(JSON.stringify(written)))).toEqual(written);
        expect(written.rolloutId).toBe(document.rolloutId);
      }
      return verdicts.map(
        (verdict, index) =>
          `${['wake', 'alert', 'request', 'tick', 'get', 'rollback'][index] ?? ''}:${verdict}`,
      );
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['wake:done', 'tick:done', 'get:200', 'get:500']));
});
