import type { KubeResource } from '../../workflows/kubernetes.ts';
import {
  applyObject,
  clusterOf,
  deleteRoute,
  editWeights,
  person,
  scaleDeployment,
  send,
} from './act-edits.ts';
import type { Act, ScheduledAct, SideTarget, When } from './acts.ts';
import type { Backend, Backends } from './backends.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { TimerHandle } from './event-queue.ts';
import type { Gateways } from './gateway.ts';
import type { Monitoring } from './monitoring.ts';
import type { NodePools } from './node-pools.ts';
import type { Pod } from './pod.ts';
import type { Pods } from './pods.ts';
import type { Traffic } from './traffic.ts';

export interface ActParts {
  readonly engine: Engine;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly pods: Pods;
  readonly nodePools: NodePools;
  readonly backends: Backends;
  readonly gateways: Gateways;
  readonly traffic: Traffic;
  readonly monitoring: Monitoring;
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

const PICKER_DOWN_MS = 120_000;

function sideOf(parts: ActParts, target: SideTarget): Backend | undefined {
  const cluster = clusterOf(parts.clusters, target.cluster);
  if (cluster === undefined) return undefined;
  const backend = parts.backends.of(cluster, 'InferencePool', target.namespace ?? 'default', target.pool);
  parts.backends.refresh();
  return backend;
}

function some(pods: readonly Pod[], count: number | undefined): readonly Pod[] {
  return pods.filter((pod) => pod.stage === 'up' && !pod.deleting).slice(0, count ?? pods.length);
}

function serversOf(parts: ActParts, target: SideTarget): readonly Pod[] {
  return some(sideOf(parts, target)?.members ?? [], target.pods);
}

/** Changes how servers behave, and back again after a time. */
function misbehave(
  parts: ActParts,
  pods: readonly Pod[],
  forMs: number | undefined,
  set: (server: NonNullable<Pod['server']>, on: boolean) => void,
): void {
  parts.traffic.settle();
  const servers = pods.flatMap((pod) => (pod.server === null ? [] : [pod.server]));
  for (const server of servers) set(server, true);
  if (forMs === undefined) return;
  parts.engine.after(forMs, () => {
    parts.traffic.settle();
    for (const server of servers) set(server, false);
  });
}

type SideAct = Extract<Act, { readonly target: SideTarget }>;

function actOnSide(parts: ActParts, act: SideAct): void {
  const { pods } = parts;
  if (act.kind === 'pickerKilled') {
    const pickers = some(sideOf(parts, act.target)?.pickers ?? [], act.target.pods);
    for (const pod of pickers) pods.kill(pod, 'Error', act.forMs ?? PICKER_DOWN_MS);
    return;
  }
  const servers = serversOf(parts, act.target);
  switch (act.kind) {
    case 'serverKilled':
      for (const pod of servers) pods.kill(pod, act.reason ?? 'Error');
      return;
    case 'serverTerminated':
      for (const pod of servers) pods.terminate(pod, { preStop: false });
      return;
    case 'serverHangs':
      for (const pod of servers) pods.hang(pod, act.forMs);
      return;
    case 'podsDeleted':
      for (const pod of servers) pods.terminate(pod);
      return;
    case 'requestsFail':
      misbehave(parts, servers, act.forMs, (server, on) => {
        server.failShare = on ? act.share : 0;
        server.failAs = act.as ?? '500';
      });
      return;
    case 'podsSlow':
      misbehave(parts, servers, act.forMs, (server, on) => {
        server.slowFactor = on ? act.factor : 1;
      });
  }
}

function target(resource: KubeResource, act: { readonly namespace: string | null; readonly name: string }) {
  return { resource, namespace: act.namespace, name: act.name };
}

function setRate(parts: ActParts, act: Extract<Act, { kind: 'trafficChanged' }>): void {
  parts.traffic.settle();
  const stream = parts.traffic.streams[act.stream];
  if (stream === undefined) return;
  stream.parameters = { ...stream.parameters, requestsPerSecond: act.requestsPerSecond };
}

function openIncident(parts: ActParts, act: Extract<Act, { kind: 'incidentOpened' }>): void {
  parts.monitoring.open(act.policy, act);
  if (act.forMs !== undefined) parts.engine.after(act.forMs, () => parts.monitoring.close(act.policy));
}

function perform(parts: ActParts, act: Act): void {
  if ('target' in act) {
    actOnSide(parts, act);
    return;
  }
  const cluster =
    'cluster' in act ? clusterOf(parts.clusters, act.cluster) : clusterOf(parts.clusters, undefined);
  if (cluster === undefined) return;
  switch (act.kind) {
    case 'deploymentScaled':
      scaleDeployment(parts.clusters, act);
      return;
    case 'weightsEdited':
      editWeights(parts.clusters, act);
      return;
    case 'routeDeleted':
      deleteRoute(parts.clusters, act);
      return;
    case 'patched': {
      const what = target(act.resource, act);
      send(
        parts.clusters,
        act.cluster,
        { verb: 'patch', ...what, type: 'json', patch: act.patch },
        person(act.by),
      );
      return;
    }
    case 'applied':
      for (const object of act.objects) applyObject(cluster, object, 'default', person(act.by));
      return;
    case 'deleted':
      send(parts.clusters, act.cluster, { verb: 'delete', ...target(act.resource, act) }, person(act.by));
      return;
    case 'nodesRemoved':
      parts.nodePools.dropNodes(cluster, act.nodePool, act.nodes ?? Number.POSITIVE_INFINITY);
      return;
    case 'gatewayBehaves':
      parts.gateways.behave(cluster, act.as);
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
    case 'trafficChanged':
      setRate(parts, act);
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
    const reached = programmedPercent(parts, backend) >= entry.when.percent - 1e-9;
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
