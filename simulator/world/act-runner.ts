import type { KubeResource } from '../../workflows/kubernetes.ts';
import { editSyncer, editTargets } from './act-adapters.ts';
import {
  applyObject,
  clusterOf,
  deleteRoute,
  editWeights,
  person,
  pruneRef,
  scaleDeployment,
  send,
  touchFence,
} from './act-edits.ts';
import { actOnSide, type SideParts, sideOf } from './act-sides.ts';
import type { Act, ScheduledAct, When } from './acts.ts';
import type { Backend } from './backends.ts';
import { percentOf, weightsOf } from './carrier-truth.ts';
import { type Cluster, projectOf } from './cluster.ts';
import type { TimerHandle } from './event-queue.ts';
import type { Gateways } from './gateway.ts';
import type { Monitoring } from './monitoring.ts';
import { drainNodes } from './node-drain.ts';
import type { NodePools } from './node-pools.ts';
import type { Rewrites } from './rewrites.ts';

export interface ActParts extends SideParts {
  readonly nodePools: NodePools;
  readonly gateways: Gateways;
  readonly monitoring: Monitoring;
  readonly rewrites: Rewrites;
}

/** An act that happened. */
export interface ActRecord {
  readonly atMs: number;
  readonly act: Act;
}

export interface Acts {
  act(act: Act): void;
  /** The load balancer changed: acts that wait for a share look again. */
  programmed(): void;
  readonly done: readonly ActRecord[];
}

function target(resource: KubeResource, act: { readonly namespace: string | null; readonly name: string }) {
  return { resource, namespace: act.namespace, name: act.name };
}

function setRate(parts: ActParts, act: Extract<Act, { kind: 'trafficChanged' }>): void {
  parts.traffic.settle();
  const stream = parts.traffic.streams[act.stream];
  if (stream === undefined) return;
  const { requestsPerSecond, models } = act;
  stream.parameters = {
    ...stream.parameters,
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    ...(models === undefined ? {} : { models }),
  };
}

function openIncident(parts: ActParts, act: Extract<Act, { kind: 'incidentOpened' }>): void {
  parts.monitoring.open(act.policy, act);
  if (act.forMs !== undefined) parts.engine.after(act.forMs, () => parts.monitoring.close(act.policy));
}

function behave(
  parts: ActParts,
  cluster: Cluster,
  { as, forMs }: Extract<Act, { kind: 'gatewayBehaves' }>,
): void {
  const undo = parts.gateways.behave(cluster, as);
  if (forMs !== undefined) parts.engine.after(forMs, undo);
}

type EditAct = Extract<
  Act,
  {
    readonly kind:
      | 'deploymentScaled'
      | 'weightsEdited'
      | 'targetsEdited'
      | 'syncerEdited'
      | 'routeDeleted'
      | 'fenceTouched'
      | 'refPruned'
      | 'patched'
      | 'applied'
      | 'deleted';
  }
>;

/** What people and controllers write to the API server. */
function edit({ clusters }: ActParts, cluster: Cluster, act: EditAct): void {
  switch (act.kind) {
    case 'deploymentScaled':
      scaleDeployment(clusters, act);
      return;
    case 'weightsEdited':
      editWeights(clusters, act);
      return;
    case 'targetsEdited':
      editTargets(clusters, act);
      return;
    case 'syncerEdited':
      editSyncer(clusters, act);
      return;
    case 'routeDeleted':
      deleteRoute(clusters, act);
      return;
    case 'fenceTouched':
      touchFence(clusters, act);
      return;
    case 'refPruned':
      pruneRef(clusters, act);
      return;
    case 'patched': {
      const what = target(act.resource, act);
      send(clusters, act.cluster, { verb: 'patch', ...what, type: 'json', patch: act.patch }, person(act.by));
      return;
    }
    case 'applied':
      for (const object of act.objects) applyObject(cluster, object, 'default', person(act.by));
      return;
    case 'deleted':
      send(clusters, act.cluster, { verb: 'delete', ...target(act.resource, act) }, person(act.by));
  }
}

function perform(parts: ActParts, act: Act): void {
  if ('target' in act) {
    actOnSide(parts, act);
    return;
  }
  const cluster = clusterOf(parts.clusters, 'cluster' in act ? act.cluster : undefined);
  if (cluster === undefined) return;
  switch (act.kind) {
    case 'nodesRemoved':
      parts.nodePools.dropNodes(cluster, act.nodePool, act.nodes ?? Number.POSITIVE_INFINITY);
      return;
    case 'nodesDrained':
      drainNodes(parts, cluster, act);
      return;
    case 'gatewayBehaves':
      behave(parts, cluster, act);
      return;
    case 'apiUnreachable':
      cluster.unreachableUntilMs = parts.engine.now() + act.forMs;
      return;
    case 'incidentOpened':
      openIncident(parts, act);
      return;
    case 'incidentClosed':
      parts.monitoring.close(act.policy);
      return;
    case 'testNotification':
      parts.monitoring.test(act.project ?? projectOf(cluster.name));
      return;
    case 'trafficChanged':
      setRate(parts, act);
      return;
    default:
      edit(parts, cluster, act);
  }
}

/** Part of a rule's traffic that the load balancer sends to the pool now, percent: the largest over all rules. */
function programmedPercent(parts: Pick<ActParts, 'gateways'>, backend: Backend): number {
  let largest = 0;
  for (let frontEnd = 0; frontEnd < parts.gateways.frontEnds(backend.cluster); frontEnd++) {
    for (const route of parts.gateways.programmed(backend.cluster, frontEnd)) {
      for (const rule of route.rules) {
        for (const entry of rule.backends) {
          if (entry.backend !== backend || rule.weightSum === 0) continue;
          largest = Math.max(largest, (100 * entry.weight) / rule.weightSum);
        }
      }
    }
  }
  return largest;
}

/** Part of a name's requests to the pool that its pickers make a target's, percent. */
function rewrittenPercent(
  { rewrites }: Pick<ActParts, 'rewrites'>,
  { cluster, namespace, name }: Backend,
  { asked, target, besides }: NonNullable<Waiting['when']['rewritten']>,
): number {
  const targets = rewrites.targetsOf(cluster, namespace, name, asked) ?? [];
  const counted = targets.filter((one) => besides === undefined || [target, besides].includes(one.name));
  return percentOf(weightsOf(counted), target);
}

interface Waiting {
  readonly when: Extract<When, { readonly pool: string }>;
  readonly act: Act;
  timer: TimerHandle | null;
  done: boolean;
}

export function createActs(parts: ActParts, scheduled: readonly ScheduledAct[]): Acts {
  const { engine } = parts;
  const done: ActRecord[] = [];
  const run = (act: Act): void => {
    done.push({ atMs: engine.now(), act });
    perform(parts, act);
  };
  const waiting: Waiting[] = [];
  for (const { when, act } of scheduled) {
    if ('afterMs' in when) engine.at(engine.now() + when.afterMs, () => run(act));
    else waiting.push({ when, act, timer: null, done: false });
  }
  const look = (entry: Waiting): void => {
    const backend = sideOf(parts, entry.when);
    if (entry.done || backend === undefined) return;
    const { rewritten } = entry.when;
    const percent =
      rewritten === undefined
        ? programmedPercent(parts, backend)
        : rewrittenPercent(parts, backend, rewritten);
    const reached = percent >= entry.when.percent - 1e-9;
    if (!reached) {
      engine.cancel(entry.timer);
      entry.timer = null;
    } else if (entry.timer === null) {
      entry.timer = engine.after(entry.when.forMs, () => {
        entry.done = true;
        run(entry.act);
      });
    }
  };
  const programmed = (): void => waiting.forEach(look);
  programmed();
  return { act: run, programmed, done };
}
