import type { AppliedCall } from '../../../simulator/scheduler/port-call.ts';
import type {
  AskResult,
  BusPort,
  GkeAnswer,
  GkePort,
  KubeAnswer,
  KubernetesPort,
  ModelServersPort,
  MonitoringPort,
  NoAnswer,
  ScrapeResult,
} from '../../../workflows/ports.ts';
import type { SeenEntry, SeenObject, Sighting } from '../seen.ts';

type Args<M extends (call: never) => unknown> = Parameters<M>[0];

const answered = (call: AppliedCall): unknown =>
  call.answer !== null && 'value' in call.answer ? call.answer.value : undefined;

const dryRun = (call: AppliedCall, atMs: number): Sighting | null => {
  const args = call.args as Args<KubernetesPort['jsonPatch']>;
  if (args.dryRun !== true) return null;
  const answer = answered(call) as KubeAnswer | NoAnswer | undefined;
  const status = answer?.kind === 'answer' ? answer.status : 0;
  const { resource } = args;
  return {
    kind: 'dryRun',
    atMs,
    issuedAtMs: call.issuedAtMs,
    process: call.process,
    cluster: args.cluster,
    resource: resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`,
    namespace: args.namespace,
    name: args.name,
    status,
    would: answer?.kind === 'answer' ? ((answer.object ?? null) as SeenObject | null) : null,
    heard: call.heard,
  };
};

/** In the trial's stacks. What a picker says is no evidence about servers. */
const isPicker = (pod: string): boolean => pod.includes('-epp-');

const scrape = (call: AppliedCall, atMs: number): Sighting | null => {
  const { cluster, namespace, targets } = call.args as Args<ModelServersPort['scrape']>;
  if (targets.length > 0 && targets.every(({ pod }) => isPicker(pod))) return null;
  const results = ((answered(call) ?? []) as readonly ScrapeResult[]).filter(
    (_result, index) => !isPicker(targets[index]?.pod ?? ''),
  );
  return {
    kind: 'scrape',
    atMs,
    process: call.process,
    cluster,
    namespace,
    pods: targets.map(({ pod }) => pod),
    answered: results.filter((result) => result.kind === 'answered' && result.status === 200).length,
  };
};

const COMPLETIONS = '/v1/completions';

/** An answer that was lost on the way is none to who asked. */
const probe = (call: AppliedCall, atMs: number): Sighting | null => {
  const { cluster, namespace, target, path, body } = call.args as Args<ModelServersPort['ask']>;
  const model = body?.['model'];
  if (path !== COMPLETIONS || typeof model !== 'string') return null;
  const answer = call.heard ? (answered(call) as AskResult | undefined) : undefined;
  const status = answer?.kind === 'answered' ? answer.status : null;
  return { kind: 'probe', atMs, process: call.process, cluster, namespace, pod: target.pod, model, status };
};

const gke = (call: AppliedCall, atMs: number): Sighting | null => {
  const answer = answered(call) as GkeAnswer<unknown> | undefined;
  if (answer?.kind !== 'ok') return null;
  const common = { kind: 'gke', atMs, issuedAtMs: call.issuedAtMs, process: call.process } as const;
  if (call.operation.method === 'createNodePool') {
    const { cluster, nodePool } = call.args as Args<GkePort['createNodePool']>;
    const labels = nodePool.config.resourceLabels ?? {};
    return { ...common, what: 'createNodePool', cluster, nodePool: nodePool.name, labels };
  }
  const { cluster, nodePool } = call.args as Args<GkePort['deleteNodePool']>;
  return { ...common, what: 'deleteNodePool', cluster, nodePool, labels: {} };
};

const published = (call: AppliedCall, atMs: number): Sighting | null => {
  const { topic, message } = call.args as Args<BusPort['publish']>;
  if (topic !== 'events') return null;
  // What was published is read as what a subscriber would find in it.
  const entry = message.data as SeenEntry;
  return { kind: 'published', atMs, process: call.process, id: message.id, entry };
};

/** What an onlooker learns from a port call; null: nothing that a checker asks for. */
export const sightingOfCall = (call: AppliedCall, atMs: number): Sighting | null => {
  switch (call.operation.name) {
    case 'kubernetes.jsonPatch':
      return dryRun(call, atMs);
    case 'models.scrape':
      return scrape(call, atMs);
    case 'models.ask':
      return probe(call, atMs);
    case 'monitoring.heartbeat': {
      const { rolloutId } = call.args as Args<MonitoringPort['heartbeat']>;
      const { kind } = (answered(call) ?? { kind: 'noAnswer' }) as { readonly kind: string };
      return kind === 'ok' ? { kind: 'heartbeat', atMs, issuedAtMs: call.issuedAtMs, rolloutId } : null;
    }
    case 'gke.createNodePool':
    case 'gke.deleteNodePool':
      return gke(call, atMs);
    case 'bus.publish':
      return published(call, atMs);
    default:
      return null;
  }
};
