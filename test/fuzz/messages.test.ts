import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { incidentOf } from '../../functions/runtime/incident-message.ts';
import { incidentMessage } from '../../simulator/world/incident-message.ts';
import type { CloudEvent, Doors } from '../../workflows/door-types.ts';
import { NEW_SIDE, POLICY, ROLLOUT, rolloutFile } from '../helpers/simulated-rollout.ts';
import { anIncident } from '../helpers/stored-records.ts';
import { aShell } from './a-shell.ts';
import { events } from './envelopes.ts';
import { fuzz, LONG, outcomeOf, type Verdict } from './fuzz.ts';
import { hostileValue } from './hostile-json.ts';
import { edit, edited } from './mutate.ts';

const START = { action: 'start', requestId: 'r', file: rolloutFile(), manifests: NEW_SIDE };

const notification = incidentMessage(anIncident({ policy: POLICY, startedAtMs: 1_772_442_000_000 }));

/** What the registry promises to whoever reads it. */
const isIncident = (incident: NonNullable<ReturnType<typeof incidentOf>>): void => {
  expect(incident.incidentId).toMatch(/./su);
  expect(['open', 'closed']).toContain(incident.state);
  expect(incident.policy).toMatch(/./su);
  expect(Number.isSafeInteger(Math.round(incident.startedAtMs)), `start ${incident.startedAtMs}`).toBe(true);
  expect(
    incident.endedAtMs === null || Number.isSafeInteger(Math.round(incident.endedAtMs)),
    `end ${incident.endedAtMs}`,
  ).toBe(true);
  expect(incident.summary.length).toBeLessThanOrEqual(500);
};

const alert = fc.array(edit, { maxLength: 4 }).map((edits) => edited({ notification }, edits).notification);

test('incident, mutated', LONG, async () => {
  const seen = await fuzz({
    runs: 1_500,
    input: fc.oneof({ weight: 9, arbitrary: alert }, { weight: 1, arbitrary: hostileValue }),
    check: (json) =>
      outcomeOf(
        () => incidentOf(json),
        (incident) => {
          if (incident === null) return 'test';
          isIncident(incident);
          return incident.state;
        },
      ),
  });
  expect(seen).toEqual(expect.arrayContaining(['open', 'TerminalError']));
});

const ACTIONS: readonly unknown[] = [
  START,
  { action: 'pause', requestId: 'p', rolloutId: ROLLOUT, generation: 1, reason: 'x' },
  { action: 'rollback', requestId: 'b', rolloutId: ROLLOUT, reason: 'x', force: true },
  { action: 'freeze', requestId: 'f', reason: 'x', untilMs: null },
];

const action = fc
  .tuple(fc.constantFrom(...ACTIONS), fc.array(edit, { maxLength: 3 }))
  .map(([one, edits]) => edited({ one }, edits).one);

interface Delivery {
  readonly door: keyof Omit<Doors, 'api'>;
  readonly event: CloudEvent;
}

const delivery: fc.Arbitrary<Delivery> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ door: fc.constant('onAlert' as const), event: events(alert) }) },
  { weight: 3, arbitrary: fc.record({ door: fc.constant('onRequest' as const), event: events(action) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      door: fc.constantFrom('onWake' as const, 'onTick' as const),
      event: events(fc.oneof(hostileValue, fc.constant({ rolloutId: 'nobody' }))),
    }),
  },
);

/** Whatever comes is applied, refused with a reason, or recorded: nothing is delivered again for ever. */
test('Pub/Sub messages to all doors', LONG, async () => {
  const seen = await fuzz({
    runs: 80,
    input: fc.array(delivery, { minLength: 1, maxLength: 4 }),
    check: async (deliveries) => {
      const { doors, store } = aShell();
      const before = await doors.api({
        method: 'POST',
        path: '/v1/rollouts',
        query: {},
        headers: {},
        body: { requestId: 'first', file: rolloutFile(), manifests: NEW_SIDE },
        principal: 'ana@example.com',
      });
      expect(before.status).toBe(201);
      const verdicts: Verdict[] = [];
      for (const { door, event } of deliveries) {
        const rejected = store.truth.rejected.size;
        await doors[door](event);
        verdicts.push(store.truth.rejected.size > rejected ? 'rejected' : 'accepted');
      }
      return verdicts;
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['accepted', 'rejected']));
});
