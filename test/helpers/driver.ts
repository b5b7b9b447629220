/** Drives one rollout through the pure step alone: every effect is answered by a table, time jumps to the next timer. */
import type { Plan } from '../../workflows/plans/plan.ts';
import { timerInWords } from '../../workflows/rollout/describe.ts';
import type { Effect } from '../../workflows/rollout/effects.ts';
import type { Command, Message, Outcome } from '../../workflows/rollout/messages.ts';
import { dueTimers } from '../../workflows/rollout/outbox.ts';
import { isObserved, readState } from '../../workflows/rollout/read-state.ts';
import { type Step, start, step } from '../../workflows/rollout/step.ts';
import type { JournalEntry, RolloutDocument } from '../../workflows/rollout/stored.ts';
import { CURRENT_VERSION, type MachineVersions, VERSIONS } from '../../workflows/rollout/versions.ts';
import type { Look, PodObservation, Side } from '../../workflows/steps/observation.ts';
import { aPlan } from './a-plan.ts';

export const START_MS = 1_772_442_000_000;

const SPEC = JSON.stringify({
  name: 'llm-to-new',
  alerts: { policies: [{ name: 'projects/acme/alertPolicies/1' }] },
});

export type Answer = (effect: Effect, driver: Driver) => Outcome | null;

export interface Driver {
  document: RolloutDocument;
  nowMs: number;
  readonly plan: Plan;
  readonly entries: JournalEntry[];
  readonly versions: MachineVersions;
}

/** A rollout that was just started. */
export const aDriver = (plan: Plan = aPlan(), version = CURRENT_VERSION, versions = VERSIONS): Driver => {
  const message: Message = {
    kind: 'started',
    messageId: 'request/1',
    origin: { principal: 'ana@example.com', via: 'api' },
    rolloutId: 'llm-to-new-1',
    expectedPlanHash: null,
    queue: false,
  };
  const begun = start(
    {
      rolloutId: 'llm-to-new-1',
      starter: 'ana@example.com',
      queue: false,
      expectedPlanHash: null,
      nowMs: START_MS,
      specJson: SPEC,
      poolKey: plan.locks[0] ?? '',
      watches: ['projects/acme/alertPolicies/1'],
    },
    message,
    version,
    versions,
  );
  return { document: begun.document, nowMs: START_MS, plan, entries: [begun.entry], versions };
};

/** Sends one message; the step's answer. */
export const send = (driver: Driver, message: Message): Step => {
  const next = step(driver.document, message, driver.nowMs, driver.versions);
  if (next.kind === 'next') {
    driver.document = next.document;
    driver.entries.push(next.entry);
  }
  return next;
};

let requests = 0;

export const command = (driver: Driver, given: Command, principal = 'bo@example.com'): Step => {
  requests += 1;
  return send(driver, {
    kind: 'command',
    messageId: `request/c${requests}`,
    origin: { principal, via: 'api' },
    command: given,
  });
};

/** What a healthy outside answers. */
export const healthy: Answer = (effect, driver) => {
  const atMs = driver.nowMs;
  switch (effect.kind) {
    case 'awaitTurn':
      return { kind: 'queueOpen' };
    case 'makePlan':
      return { kind: 'planned', plan: driver.plan, hash: 'a'.repeat(64), findings: [] };
    case 'createObjects':
      return { kind: 'objectsCreated', stage: effect.stage, identities: [] };
    case 'createNodePool':
      return { kind: 'nodePoolCreated', nodePool: effect.nodePool };
    case 'awaitNewSide':
      return { kind: 'newSideReady', pods: 3 };
    case 'verifyPods':
      return { kind: 'verified', pods: 3, checks: 30 };
    case 'proveWayBack':
      return { kind: 'wayBackProved', newReady: 3 };
    case 'setWeights':
      return { kind: 'weightsWritten', sharePercent: effect.sharePercent, atMs, routes: [] };
    case 'confirmWeights':
      return { kind: 'weightsConfirmed', sharePercent: effect.sharePercent, atMs };
    case 'fenceRoutes':
      return { kind: 'fenced' };
    case 'adoptDrift':
      return { kind: 'adopted', sharePercent: 10, routes: driver.plan.routes };
    case 'moveObjectives':
      return { kind: 'objectivesMoved', to: effect.to };
    case 'rollBack':
      return { kind: 'rollbackWritten', sharePercent: 0, atMs, complete: true, foreignWrites: 0 };
    case 'confirmRollback':
      return { kind: 'rollbackConfirmed', atMs };
    case 'removeRefs':
      return { kind: 'refsRemoved', side: effect.side };
    case 'confirmRefsRemoved':
      return { kind: 'refsRemovalConfirmed' };
    case 'deleteObjects':
      return { kind: 'objectsDeleted', notDone: [] };
    case 'deleteNodePool':
      return { kind: 'nodePoolDeleted' };
    case 'page':
      return { kind: 'paged' };
    default:
      return effect satisfies never;
  }
};

const pod = (side: Side, index: number, requestsSoFar: number, failures: number): PodObservation => ({
  uid: `${side}-${index}`,
  name: `${side}-${index}`,
  side,
  ready: true,
  terminating: false,
  restarts: 0,
  answered: true,
  counters: {
    requests: requestsSoFar,
    failures5xx: failures,
    failures4xx: 0,
    streamErrors: 0,
    running: 1,
    waiting: 0,
    ttft: null,
  },
});

/** A look at two healthy sides with 600 requests a minute and pod on each. */
export const healthyLook = (atMs: number, newFailureRatio = 0): Look => {
  const total = Math.round((atMs - START_MS) / 100);
  return {
    atMs,
    pods: [0, 1, 2].flatMap((index) => [
      pod('old', index, total, 0),
      pod('new', index, total, Math.round(total * newFailureRatio)),
    ]),
    pickers: (['old', 'new'] as const).map((side) => ({
      uid: `${side}-picker`,
      name: `${side}-picker`,
      side,
      ready: true,
      answered: true,
    })),
  };
};

/** One effect that is not held back, answered; false when there was none. */
const runEffect = (driver: Driver, answer: Answer): boolean => {
  for (const item of driver.document.outbox) {
    const outcome = answer(item.effect as unknown as Effect, driver);
    if (outcome === null) continue;
    send(driver, { kind: 'outcome', messageId: `${item.id}/${outcome.kind}`, effectId: item.id, outcome });
    return true;
  }
  return false;
};

const observeMinute = (driver: Driver, look: (atMs: number) => Look): void => {
  const { state, context } = readState(driver.document);
  const minute = Math.floor(driver.nowMs / 60_000);
  if (!isObserved(state, context) || minute <= Math.floor((context.evidence.lastAtMs ?? 0) / 60_000)) return;
  sendLook(driver, look, String(minute));
};

const sendLook = (driver: Driver, look: (atMs: number) => Look, name: string): void => {
  const { stepEntry } = readState(driver.document).context;
  const messageId = `${stepEntry}/${name}`;
  send(driver, { kind: 'observed', messageId, stepEntry, look: look(driver.nowMs) });
};

/** Runs until `until` holds, minute by minute; throws after ten virtual days. */
export const drive = (
  driver: Driver,
  until: (driver: Driver) => boolean,
  { answer = healthy, look = healthyLook }: { answer?: Answer; look?: (atMs: number) => Look } = {},
): Driver => {
  const endMs = driver.nowMs + 10 * 86_400_000;
  while (driver.nowMs < endMs) {
    if (until(driver)) return driver;
    if (driver.document.finishedAtMs !== null) break;
    if (runEffect(driver, answer)) continue;
    const [due] = dueTimers(driver.document.timers, driver.nowMs);
    if (due !== undefined) {
      if (timerInWords(due.id) === 'bake') sendLook(driver, look, `last/${driver.nowMs}`);
      if (!driver.document.timers.some((set) => set.token === due.token)) continue;
      send(driver, { kind: 'timer', messageId: `${due.token}/fired`, timerId: due.id, token: due.token });
      continue;
    }
    observeMinute(driver, look);
    driver.nowMs += 60_000;
  }
  if (until(driver)) return driver;
  throw new Error(
    `never got there: ${JSON.stringify(readState(driver.document).state)} at ${driver.document.state}`,
  );
};

export const stateIs =
  (...words: readonly string[]) =>
  (driver: Driver): boolean => {
    const { state, step: inner } = readState(driver.document);
    return words.includes(state) || words.includes(inner);
  };
