/** Messages and requests that are not what they should be. */
import { describe, expect, test } from 'vitest';
import { incidentOf } from '../../../functions/runtime/incident-message.ts';
import type { ApiResponse, CloudEvent } from '../../../workflows/door-types.ts';
import { aShell } from '../../fuzz/a-shell.ts';
import { aCloud, NEW_SIDE, rolloutFile } from '../../helpers/simulated-rollout.ts';

const notification = (changes: object): unknown => ({
  version: '1.2',
  incident: {
    incident_id: 'i',
    state: 'open',
    started_at: 1_772_442_000,
    ended_at: null,
    summary: 'x',
    policy_name: 'Errors',
    condition: { name: 'projects/acme/alertPolicies/1/conditions/2' },
    ...changes,
  },
});

const INCIDENT = {
  incidentId: 'i',
  state: 'open',
  policy: 'projects/acme/alertPolicies/1',
  policyDisplayName: 'Errors',
  startedAtMs: 1_772_442_000_000,
  endedAtMs: null,
  summary: 'x',
};

describe('an incident', () => {
  test.each([
    { started_at: 1e306 },
    { started_at: -9e15 },
    { started_at: null },
    { condition: null },
    { state: 'OPENED' },
  ])('whose start, policy or state cannot be known is malformed: %j', (changes) => {
    expect(() => incidentOf(notification(changes))).toThrowError(
      expect.objectContaining({ code: 'incident-malformed' }),
    );
  });

  test.each([
    [{ summary: null }, { summary: '' }],
    [{ policy_name: 5 }, { policyDisplayName: '' }],
    [{ ended_at: 'never' }, { endedAtMs: null }],
    [{ ended_at: 1e300 }, { endedAtMs: null }],
  ])('counts, whatever is wrong with what only people read: %j', (changes, expected) => {
    expect(incidentOf(notification(changes))).toEqual({ ...INCIDENT, ...expected });
  });
});

test('a request by message needs no attributes: Pub/Sub leaves out empty ones', async () => {
  const { doors, store } = aShell();
  const data = Buffer.from(JSON.stringify({ action: 'freeze', requestId: '1', reason: 'x' })).toString(
    'base64',
  );
  await doors.onRequest({ id: '1', data: { message: { data, messageId: '1' } } } as unknown as CloudEvent);
  expect(store.truth.rejected.size).toBe(0);
  expect(store.handlers.registry({ sinceMs: 0 })).toMatchObject({
    value: { freeze: { by: 'unknown' } },
  });
});

test('an envelope whose id is no text is recorded like any other', async () => {
  const { doors, store } = aShell();
  await doors.onRequest({ id: [{ toString: null }], data: null } as unknown as CloudEvent);
  expect([...store.truth.rejected.keys()]).toEqual(['on-request/unknown']);
});

describe('a start with manifests that cannot be kept', () => {
  const start = (manifests: unknown): Promise<ApiResponse> =>
    aCloud().call('POST', '/v1/rollouts', { requestId: '1', file: rolloutFile(), manifests });

  test('because they are too large is 422', async () => {
    const [first, ...rest] = NEW_SIDE;
    const answer = await start([{ ...first, data: { a: 'x'.repeat(1_000_001) } }, ...rest]);
    expect(answer).toMatchObject({ status: 422, body: { title: 'attachment-too-large' } });
  });

  test('because they are too deep is 400', async () => {
    const [first, ...rest] = NEW_SIDE;
    const deep: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));
    const answer = await start([{ ...first, data: deep }, ...rest]);
    expect(answer).toMatchObject({
      status: 400,
      body: {
        title: 'request-malformed',
        detail: expect.stringContaining('nested more than 100 levels deep'),
      },
    });
  });
});
