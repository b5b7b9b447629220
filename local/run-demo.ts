/**
 * A whole rollout in virtual time: started through the API's door, carried on by the platform's ticks and wakes, watched
 * from outside. The watcher sees frames and journal entries; it moves nothing, so a run that is watched and one that is
 * not are the same.
 */
import type { ApiResponse } from '../workflows/door-types.ts';
import { RESOURCES } from '../workflows/kubernetes.ts';
import type { Finding, PlanResult } from '../workflows/plans/plan.ts';
import { readState } from '../workflows/rollout/read-state.ts';
import type { JournalEntry, RolloutDocument } from '../workflows/rollout/stored.ts';
import { type DemoFrame, demoFrame } from './demo-frame.ts';
import type { DemoInput } from './demo-input.ts';
import { type DemoRun, demoRun } from './demo-result.ts';
import { editRollout } from './edit-rollout.ts';
import { RolloutFollower } from './follow-rollout.ts';
import type { InputProblem } from './input-problem.ts';
import { ShareMeter } from './measure-shares.ts';
import type { RolloutInput } from './rollout-input.ts';
import type { OperatorAct, RouteName } from './scenarios.ts';
import { createSimulatedCloud, type SimulatedCloud } from './simulated-cloud.ts';
import { worldOf } from './simulated-stack.ts';

export interface DemoSettings {
  readonly seed: number;
  readonly requestsPerSecond: number;
  /** The last number of rollouts of a name that were there before. */
  readonly lastNumbers?: Readonly<Record<string, number>>;
}

export interface DemoWatcher {
  /** Just before the start; the codes of the warnings that the demo accepts in a file that it made. */
  onStart?(accepted: readonly string[]): void;
  onEntry?(entry: JournalEntry): void;
  /** Called once in a while; answers how much virtual time may pass until the next frame, ms. Absent: no frames. */
  onFrame?(frame: DemoFrame): Promise<number>;
}

export type DemoEnd =
  | { readonly kind: 'ran'; readonly run: DemoRun }
  /** The API refused to start it. */
  | { readonly kind: 'refused'; readonly problems: readonly InputProblem[] };

const MINUTE_MS = 60_000;
/** The stack has served for a while when the rollout begins: caches are warm and there are figures. */
const BEFORE_MS = 10 * MINUTE_MS;
/** Longer than any deadline of a rollout. */
const LONGEST_MS = 120 * 24 * 60 * MINUTE_MS;
/** Afterwards the last events are published. */
const AFTERWARDS_MS = 2 * MINUTE_MS;

interface Setting {
  readonly cloud: SimulatedCloud;
  readonly input: DemoInput;
  readonly route: RouteName;
}

const NO_ROUTE: RouteName = { namespace: '', name: '' };

/** The first route of the stack that names the old pool. */
const routeOf = ({ stack, rollout }: DemoInput): RouteName => {
  const found = stack.find(
    (object) =>
      object.kind === RESOURCES.httpRoute.kind &&
      JSON.stringify(object['spec'] ?? {}).includes(`"name":${JSON.stringify(rollout.spec.from.pool)}`),
  );
  if (found === undefined) return NO_ROUTE;
  return { namespace: found.metadata.namespace ?? 'default', name: found.metadata.name };
};

const createCloud = (input: DemoInput, settings: DemoSettings, route: RouteName): SimulatedCloud => {
  const { scenario, stack, rollout } = input;
  const base = worldOf({ stack, spec: rollout.spec, manifests: rollout.manifests });
  const { requestsPerSecond, seed, lastNumbers } = settings;
  return createSimulatedCloud({
    world: {
      ...base,
      traffic: (base.traffic ?? []).map((stream) => ({ ...stream, requestsPerSecond })),
      ...scenario.world(rollout.spec, route),
      seed,
    },
    ...(lastNumbers === undefined ? {} : { lastNumbers }),
  });
};

/** A cluster with the stack on it that has served for a while, and nothing started. */
export const preparedCloud = async (input: DemoInput, settings: DemoSettings): Promise<SimulatedCloud> => {
  const cloud = createCloud(input, settings, routeOf(input));
  await cloud.scheduler.run({ untilMs: cloud.scheduler.nowMs + BEFORE_MS });
  return cloud;
};

/** What POST /v1/plans says of the rollout. */
export const askForPlan = (cloud: SimulatedCloud, rollout: RolloutInput): Promise<ApiResponse> =>
  cloud.call('POST', '/v1/plans', {
    file: rollout.text,
    fileName: rollout.fileName,
    manifests: rollout.manifests,
  });

/** A file that was made here accepts the warnings that its plan would have; they are told. */
const withAccepted = async (
  cloud: SimulatedCloud,
  input: DemoInput,
): Promise<{ readonly rollout: RolloutInput; readonly accepted: readonly string[] }> => {
  const { rollout } = input;
  if (!input.acceptWarnings) return { rollout, accepted: [] };
  const answer = await askForPlan(cloud, rollout);
  const findings: readonly Finding[] = answer.status === 200 ? (answer.body as PlanResult).findings : [];
  const accepted = [...new Set(findings.filter(({ severity }) => severity === 'W').map(({ code }) => code))];
  if (accepted.length === 0) return { rollout, accepted };
  const edited = editRollout(rollout, [{ path: ['spec', 'acknowledge'], value: accepted }]);
  return edited.kind === 'ok' ? { rollout: edited.value, accepted } : { rollout, accepted: [] };
};

/** The answer of a refused start, as a problem of the file. */
const refusal = (fileName: string, { status, body }: ApiResponse): readonly InputProblem[] => {
  const { detail, code } = body as { readonly detail?: string; readonly code?: string };
  return [
    {
      file: fileName,
      line: null,
      column: null,
      code: code ?? `status-${status}`,
      what: detail ?? `The API answered ${status}.`,
      mend: 'Correct the file and start again.',
    },
  ];
};

/** Runs the demo to its end. @throws SimulationError when the simulation's own rules are broken. */
export const runDemo = async (
  input: DemoInput,
  settings: DemoSettings,
  watcher: DemoWatcher = {},
): Promise<DemoEnd> => {
  const cloud = await preparedCloud(input, settings);
  const setting: Setting = { cloud, input, route: routeOf(input) };
  const { rollout, accepted } = await withAccepted(cloud, input);
  watcher.onStart?.(accepted);
  const follower = new RolloutFollower();
  const operators = new Operators(setting);
  cloud.store.onCommit((document) => {
    const journal = cloud.store.truth.journals.get(document.rolloutId) ?? [];
    for (const entry of follower.take(document, journal)) watcher.onEntry?.(entry);
    operators.look(follower);
  });
  const answer = await cloud.call('POST', '/v1/rollouts', {
    requestId: `demo-${settings.seed}`,
    file: rollout.text,
    fileName: rollout.fileName,
    manifests: rollout.manifests,
  });
  if (answer.status !== 201) return { kind: 'refused', problems: refusal(rollout.fileName, answer) };
  const { rolloutId } = answer.body as { readonly rolloutId: string };
  await follow(setting, follower, watcher);
  await cloud.scheduler.run({ untilMs: cloud.scheduler.nowMs + AFTERWARDS_MS });
  cloud.world.settle();
  return { kind: 'ran', run: demoRun({ ...setting, rollout, follower, accepted, rolloutId }) };
};

const isFinished = (document: RolloutDocument | undefined): boolean =>
  document !== undefined && document.finishedAtMs !== null;

/** Lets time pass until the rollout has ended. Stops between choices only, so that pauses change nothing. */
const follow = async (setting: Setting, follower: RolloutFollower, watcher: DemoWatcher): Promise<void> => {
  const { cloud, input, route } = setting;
  const { scheduler, world } = cloud;
  const { spec } = input.rollout;
  const meter = new ShareMeter(world, {
    cluster: spec.cluster,
    namespace: spec.namespace,
    oldPool: spec.from.pool,
    newPool: spec.to.pool,
  });
  const untilMs = scheduler.nowMs + LONGEST_MS;
  let nextFrameMs = watcher.onFrame === undefined ? Number.POSITIVE_INFINITY : 0;
  const until = (): boolean => {
    meter.probe(follower.shares);
    return isFinished(follower.now?.document) || scheduler.nowMs >= nextFrameMs;
  };
  for (;;) {
    const end = await scheduler.run({ until, untilMs });
    const document = follower.now?.document;
    if (document !== undefined && watcher.onFrame !== undefined) {
      const stepMs = await watcher.onFrame(demoFrame({ world, spec, follower, document, route }));
      nextFrameMs = scheduler.nowMs + stepMs;
    }
    if (end !== 'done' || isFinished(document)) return;
  }
};

/** The people of the scenario: they see what is committed, and answer a moment later. */
class Operators {
  readonly #setting: Setting;
  readonly #done = new Set<string>();

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  look({ now }: RolloutFollower): void {
    if (now === null || isFinished(now.document)) return;
    const { context } = now.state;
    for (const [index, act] of this.#setting.input.scenario.operator.entries()) {
      if (!act.when(now.state)) continue;
      const once = `${index} ${context.hold?.id ?? context.stepEntry}`;
      if (this.#done.has(once)) continue;
      this.#done.add(once);
      this.#act(act, now.document.rolloutId, once);
    }
  }

  #act(act: OperatorAct, rolloutId: string, once: string): void {
    const { cloud } = this.#setting;
    cloud.scheduler.at(cloud.scheduler.nowMs + act.afterMs, () => {
      const document = cloud.store.truth.documents.get(rolloutId);
      if (document === undefined) return;
      const state = readState(document);
      if (!act.when(state)) return;
      const { verb, body } = act.request(state);
      void cloud.platform.call({
        method: 'POST',
        path: `/v1/rollouts/${rolloutId}/${verb}`,
        query: {},
        headers: {},
        body: { requestId: `demo ${once}`, ...body },
        principal: act.principal,
      });
    });
  }
}
