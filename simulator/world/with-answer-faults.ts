import type { GkeAnswer, GkePort, MonitoringPort, NoAnswer } from '../../workflows/ports.ts';
import { type AnswerFaultCounts, AnswerFaultDice, type AnswerFaultKind } from './answer-fault-dice.ts';
import type { AnswerFaults } from './answer-faults.ts';
import type { Handled, Handlers, WorldHandlers } from './handlers.ts';
import { kubernetesFaults } from './kubernetes-faults.ts';
import { modelsFaults } from './models-faults.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export interface AnswerFaultOptions {
  readonly faults: AnswerFaults | null;
  /** A stream of its own: what is drawn here moves nobody else's draws. */
  readonly random: Random;
  /** The world that the handlers belong to. */
  readonly world: Pick<World, 'kube' | 'nowMs' | 'server' | 'settle'>;
  /** Hears of each fault that happened, and to whom: a cluster, a project, a pod. */
  readonly onFault?: (kind: AnswerFaultKind, whom: string) => void;
}

export interface FaultyHandlers extends WorldHandlers {
  /** From now on; null: none. */
  set(faults: AnswerFaults | null): void;
  /** How often each kind happened. */
  readonly counts: AnswerFaultCounts;
}

/** How long a caller waits for an answer of Cloud Monitoring that does not come. */
const GIVE_UP_MS = 10_000;

/** The GKE API's ways of not doing what it was asked; the first is its quota of requests, not one of machines. */
const GKE_ERRORS: readonly Extract<GkeAnswer<never>, { kind: 'error' }>[] = [
  {
    kind: 'error',
    code: 'RESOURCE_EXHAUSTED',
    reason: 'RATE_LIMIT_EXCEEDED',
    message: "Quota exceeded for quota metric 'Cluster management requests' and limit 'per minute'.",
  },
  { kind: 'error', code: 'UNAVAILABLE', message: 'The service is currently unavailable.' },
  { kind: 'error', code: 'INTERNAL', message: 'Internal error encountered.' },
];

function gkeFaults(inner: Handlers<GkePort>, dice: AnswerFaultDice): Handlers<GkePort> {
  const through = <C extends { readonly cluster: string }, V>(
    call: C,
    ask: (call: C) => Handled<GkeAnswer<V>>,
  ): Handled<GkeAnswer<V>> => {
    if (!dice.falls('gkeError')) return ask(call);
    const value = GKE_ERRORS[dice.random.integer(0, GKE_ERRORS.length - 1)];
    if (value === undefined) return ask(call);
    dice.happened('gkeError', call.cluster);
    // As long as an answer that changes nothing.
    return { value, tookMs: inner.listOperations({ cluster: call.cluster }).tookMs };
  };
  return {
    getNodePool: (call) => through(call, inner.getNodePool),
    listNodePools: (call) => through(call, inner.listNodePools),
    createNodePool: (call) => through(call, inner.createNodePool),
    deleteNodePool: (call) => through(call, inner.deleteNodePool),
    getOperation: (call) => through(call, inner.getOperation),
    listOperations: (call) => through(call, inner.listOperations),
  };
}

function monitoringFaults(inner: Handlers<MonitoringPort>, dice: AnswerFaultDice): Handlers<MonitoringPort> {
  const silent = (project: string): Handled<NoAnswer> | null => {
    if (!dice.falls('monitoringSilent')) return null;
    dice.happened('monitoringSilent', project);
    return { value: { kind: 'noAnswer', why: 'DEADLINE_EXCEEDED' }, tookMs: GIVE_UP_MS };
  };
  return {
    openIncidents: (call) => silent(call.project) ?? inner.openIncidents(call),
    heartbeat: (call) => silent(call.project) ?? inner.heartbeat(call),
  };
}

/** The handlers of a world with servers that now and then answer wrongly (protocol P10). */
export function withAnswerFaults(handlers: WorldHandlers, options: AnswerFaultOptions): FaultyHandlers {
  const dice = new AnswerFaultDice(options.faults, options.random, options.onFault ?? (() => {}));
  return {
    kubernetes: kubernetesFaults(handlers.kubernetes, dice, options.world),
    models: modelsFaults(handlers.models, dice, options.world),
    gke: gkeFaults(handlers.gke, dice),
    monitoring: monitoringFaults(handlers.monitoring, dice),
    set(faults) {
      dice.faults = faults;
    },
    counts: dice.counts,
  };
}
