import { clusterOf } from './act-edits.ts';
import type { Act, SideTarget } from './acts.ts';
import type { Backend, Backends } from './backends.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { Pod } from './pod.ts';
import type { Pods } from './pods.ts';
import { resetCounters, type Server } from './server.ts';
import type { Traffic } from './traffic.ts';

export interface SideParts {
  readonly engine: Engine;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly pods: Pods;
  readonly backends: Backends;
  readonly traffic: Traffic;
}

type SideAct = Extract<Act, { readonly target: SideTarget }>;

const PICKER_DOWN_MS = 120_000;
/** A server in a crash loop lives this long at most once it is up. */
const CRASH_LOOK_MS = 5_000;

export function sideOf(
  parts: Pick<SideParts, 'clusters' | 'backends'>,
  target: SideTarget,
): Backend | undefined {
  const cluster = clusterOf(parts.clusters, target.cluster);
  if (cluster === undefined) return undefined;
  const backend = parts.backends.of(cluster, 'InferencePool', target.namespace ?? 'default', target.pool);
  parts.backends.refresh();
  return backend;
}

const isUp = (pod: Pod): boolean => pod.stage === 'up' && !pod.deleting;

function some(pods: readonly Pod[], count: number | undefined): readonly Pod[] {
  return pods.filter(isUp).slice(0, count ?? pods.length);
}

/** Changes how servers behave, and back again after a time. */
function misbehave(
  parts: SideParts,
  act: { readonly target: SideTarget; readonly forMs?: number },
  set: (server: Server, on: boolean) => void,
): void {
  parts.traffic.settle();
  const pods = some(sideOf(parts, act.target)?.members ?? [], act.target.pods);
  const servers = pods.flatMap((pod) => (pod.server === null ? [] : [pod.server]));
  for (const server of servers) set(server, true);
  if (act.forMs === undefined) return;
  parts.engine.after(act.forMs, () => {
    parts.traffic.settle();
    for (const server of servers) set(server, false);
  });
}

/** The same pods each time, and with all of them those that came meanwhile. */
function crashLoop(parts: SideParts, act: Extract<Act, { kind: 'crashLoop' }>): void {
  const { engine, pods } = parts;
  const untilMs = engine.now() + act.forMs;
  const staying = (): readonly Pod[] =>
    (sideOf(parts, act.target)?.members ?? []).filter((pod) => !pod.deleting);
  const chosen = act.target.pods === undefined ? null : staying().slice(0, act.target.pods);
  const crash = (): void => {
    for (const pod of chosen ?? staying()) if (isUp(pod)) pods.kill(pod, 'Error');
    if (engine.now() + CRASH_LOOK_MS <= untilMs) engine.after(CRASH_LOOK_MS, crash);
  };
  crash();
}

function loseAdapter(parts: SideParts, act: Extract<Act, { kind: 'adapterMissing' }>): void {
  const paths = new Map<Server, string>();
  misbehave(parts, act, (server, on) => {
    if (act.as === 'silent') {
      if (on) server.silentAdapters.add(act.adapter);
      else server.silentAdapters.delete(act.adapter);
      return;
    }
    const path = paths.get(server) ?? server.adapters.get(act.adapter);
    if (path !== undefined) paths.set(server, path);
    if (on) {
      server.adapters.delete(act.adapter);
      server.loadFaults.set(act.adapter, 'absent');
    } else {
      server.loadFaults.delete(act.adapter);
      if (path !== undefined) server.adapters.set(act.adapter, path);
    }
  });
  for (const pod of chosenOf(parts, act.target)) parts.pods.adaptersChanged(pod);
}

const chosenOf = (parts: SideParts, target: SideTarget): readonly Pod[] =>
  some(sideOf(parts, target)?.members ?? [], target.pods);

function failLoads(parts: SideParts, act: Extract<Act, { kind: 'syncerFails' }>): void {
  const { adapter, as, target } = act;
  const isMeant = (pod: Pod): boolean => sideOf(parts, target)?.members.includes(pod) === true;
  const end = target.pods === undefined ? parts.pods.adaptersFail({ adapter, as, hits: isMeant }) : null;
  misbehave(parts, act, (server, on) => {
    if (on) server.loadFaults.set(adapter, as);
    else server.loadFaults.delete(adapter);
  });
  if (act.forMs === undefined || end === null) return;
  parts.engine.after(act.forMs, () => {
    end();
    for (const pod of chosenOf(parts, target)) pod.server?.loadFaults.delete(adapter);
  });
}

function unloadByHand(
  parts: SideParts,
  { target, adapter }: Extract<Act, { kind: 'adapterUnloaded' }>,
): void {
  parts.traffic.settle();
  for (const pod of chosenOf(parts, target)) {
    pod.server?.adapters.delete(adapter);
    parts.pods.adaptersChanged(pod);
  }
}

/** What befalls the processes of a side as such. */
function endProcesses(parts: SideParts, act: SideAct): void {
  const { pods } = parts;
  const side = sideOf(parts, act.target);
  const servers = some(side?.members ?? [], act.target.pods);
  switch (act.kind) {
    case 'pickerKilled':
      for (const pod of some(side?.pickers ?? [], act.target.pods))
        pods.kill(pod, 'Error', act.forMs ?? PICKER_DOWN_MS);
      return;
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
    case 'crashLoop':
      crashLoop(parts, act);
      return;
    default:
  }
}

export function actOnSide(parts: SideParts, act: SideAct): void {
  switch (act.kind) {
    case 'requestsFail':
      misbehave(parts, act, (server, on) => {
        server.failShare = on ? act.share : 0;
        server.failAs = act.as ?? '500';
      });
      return;
    case 'podsSlow':
      misbehave(parts, act, (server, on) => {
        server.slowFactor = on ? act.factor : 1;
      });
      return;
    case 'metricsMissing':
      misbehave(parts, act, (server, on) => {
        server.metricsPage = on ? act.as : 'shown';
      });
      return;
    case 'countersReset':
      misbehave(parts, act, resetCounters);
      return;
    case 'adapterMissing':
      loseAdapter(parts, act);
      return;
    case 'syncerFails':
      failLoads(parts, act);
      return;
    case 'adapterUnloaded':
      unloadByHand(parts, act);
      return;
    default:
      endProcesses(parts, act);
  }
}
