/**
 * Rollbacks by an alert, many of them: in each round a rollout of every stack is started, the world's time runs fast until
 * all of them bake at their share, and then at the wall's pace; one alert after the other comes in, while the rollouts that
 * had none go on being looked after, every few seconds each.
 */
import { push } from '../../../local/bus/push.ts';
import type { SpawnedPlatform } from '../../../local/spawn-platform.ts';
import { incidentMessage } from '../../../simulator/world/incident-message.ts';
import type { StorePort } from '../../../workflows/ports.ts';
import { readState } from '../../../workflows/rollout/read-state.ts';
import { type FleetStack, rolloutOf } from './fleet.ts';
import type { WrittenWatch } from './written-watch.ts';

/** What the rounds run in. */
export interface Rig {
  readonly platform: SpawnedPlatform;
  /** Of the platform, read only. */
  readonly store: Pick<StorePort, 'load'>;
  readonly written: WrittenWatch;
  readonly clock: { nowMs(): number; setSpeed(speed: number): void };
  /** Virtual per real time, while nothing is measured. */
  readonly fastSpeed: number;
  readonly acknowledge: readonly string[];
}

/** The HTTP door that the alert is sent to: the function, as Pub/Sub's push calls it, or the local bus before it. */
export type AlertDoor = 'function' | 'bus';

const SHARE = 25;
const LADDER = [`{ share: ${SHARE}, bake: 6h }`, '{ share: 100, bake: 1m }'];
const LOOK_MS = 50;
const PATIENCE_MS = 240_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a rollout of the stack. @returns its id. */
export const startOne = async (
  { platform, acknowledge }: Rig,
  stack: FleetStack,
  requestId: string,
  ladder: readonly string[] = LADDER,
): Promise<string> => {
  const answer = await fetch(`${platform.apiUrl}/v1/rollouts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ requestId, file: rolloutOf(stack, { ladder, acknowledge }) }),
  });
  const body = (await answer.json()) as { readonly rolloutId?: string };
  if (answer.status !== 201 || body.rolloutId === undefined)
    throw new Error(`the start was answered ${answer.status}: ${JSON.stringify(body)}`);
  return body.rolloutId;
};

interface Standing {
  readonly state: string;
  readonly step: string;
  readonly confirmedPercent: number;
  readonly isFinished: boolean;
  readonly why: string;
}

const standing = async ({ store }: Rig, rolloutId: string): Promise<Standing> => {
  const { document } = await store.load({ rolloutId });
  if (document === null) return { state: '', step: '', confirmedPercent: 0, isFinished: false, why: '' };
  const { state, step, context } = readState(document);
  const { confirmedPercent, ending, hold } = context;
  const why = JSON.stringify({ ending, hold });
  return { state, step, confirmedPercent, isFinished: document.finishedAtMs !== null, why };
};

/** Looks until all are so. @throws Error that tells where one stands when that takes too long or another end came. */
export const untilAll = async (
  rig: Rig,
  rolloutIds: readonly string[],
  so: (standing: Standing) => boolean,
): Promise<void> => {
  const endMs = performance.now() + PATIENCE_MS;
  for (const rolloutId of rolloutIds) {
    for (;;) {
      const found = await standing(rig, rolloutId);
      if (so(found)) break;
      const isLate = performance.now() > endMs;
      if (isLate || found.isFinished)
        throw new Error(`${rolloutId} stands at ${found.state}/${found.step}: ${found.why}`);
      await sleep(LOOK_MS);
    }
  }
};

const messageOf = (rig: Rig, stack: FleetStack, incidentId: string): string =>
  Buffer.from(
    JSON.stringify(
      incidentMessage({
        incidentId,
        state: 'open',
        policy: stack.policy,
        policyDisplayName: 'errors of the new side',
        startedAtMs: rig.clock.nowMs(),
        endedAtMs: null,
        summary: 'Above 5 % for 2 minutes.',
      }),
    ),
  ).toString('base64');

/** Sends the alert. @returns once the door has answered. */
const send = async (rig: Rig, door: AlertDoor, data: string, messageId: string): Promise<void> => {
  const { platform, clock } = rig;
  if (door === 'bus') {
    const answer = await fetch(`${platform.busUrl}/v1/projects/acme/topics/alerts:publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ data }] }),
    });
    if (!answer.ok) throw new Error(`the bus answered ${answer.status}`);
    return;
  }
  const pushed = await push({
    url: `${platform.functionUrls['on-alert']}/`,
    message: {
      messageId,
      topic: 'alerts',
      data,
      attributes: {},
      publishedAtMs: Math.floor(clock.nowMs()),
      attempts: 1,
    },
    project: 'acme',
    signal: new AbortController().signal,
  });
  if (!pushed.acknowledged) throw new Error(`on-alert did not acknowledge: ${pushed.why}`);
};

/** Milliseconds of the wall from the request to the accepted patch. */
const alertOne = async (rig: Rig, stack: FleetStack, door: AlertDoor, incidentId: string) => {
  const data = messageOf(rig, stack, incidentId);
  const back = rig.written.whenBack(stack.namespace);
  const startedMs = performance.now();
  const sent = send(rig, door, data, incidentId);
  // Whichever fails first says why.
  const [atMs] = await Promise.all([back, sent]);
  return atMs - startedMs;
};

/** A rollback that was measured. */
export interface Rollback {
  readonly stack: FleetStack;
  /** When its alert was sent, since 1970. */
  readonly sentAtMs: number;
  readonly ms: number;
}

export interface Round {
  readonly number: number;
  readonly door: AlertDoor;
  /** Called after each rollback, at the wall's pace. */
  readonly beside: (rollback: Rollback) => Promise<void>;
}

/** One round: as many rollbacks as there are stacks. @returns their milliseconds. */
export const runRound = async (
  rig: Rig,
  stacks: readonly FleetStack[],
  { number, door, beside }: Round,
): Promise<readonly number[]> => {
  rig.clock.setSpeed(rig.fastSpeed);
  const rolloutIds = await Promise.all(
    stacks.map((stack) => startOne(rig, stack, `round-${number}-${stack.name}`)),
  );
  await untilAll(
    rig,
    rolloutIds,
    ({ step, confirmedPercent }) => step === 'baking' && confirmedPercent === SHARE,
  );
  rig.clock.setSpeed(1);
  const measured: number[] = [];
  for (const stack of stacks) {
    const sentAtMs = Date.now();
    const ms = await alertOne(rig, stack, door, `incident-${number}-${stack.name}`);
    measured.push(ms);
    await beside({ stack, sentAtMs, ms });
  }
  rig.clock.setSpeed(rig.fastSpeed);
  await untilAll(rig, rolloutIds, ({ state, isFinished }) => isFinished && state === 'rolledBack');
  return measured;
};
