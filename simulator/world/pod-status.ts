import { fields, items } from './fields.ts';
import { rfc3339 } from './kubernetes/rfc3339.ts';
import type { Pod } from './pod.ts';
import { POD } from './resources.ts';

function containerState(pod: Pod, time: string): Readonly<Record<string, unknown>> {
  if (pod.stage === 'up') return { running: { startedAt: time } };
  if (pod.stage === 'crashed') return { waiting: { reason: 'CrashLoopBackOff' } };
  if (pod.stage === 'starting') return { running: { startedAt: time } };
  return { waiting: { reason: 'ContainerCreating' } };
}

const condition = (type: string, met: boolean, time: string, reason?: string): object => ({
  type,
  status: met ? 'True' : 'False',
  lastTransitionTime: time,
  ...(reason === undefined ? {} : { reason }),
});

function phase(pod: Pod): string {
  return pod.stage === 'pending' || pod.stage === 'pulling' ? 'Pending' : 'Running';
}

/** Writes what the kubelet would: phase, conditions, containers, address. */
export function writePodStatus(pod: Pod, nowMs: number): void {
  const { kube } = pod.cluster;
  const stored = kube.read(POD, pod.namespace, pod.name);
  if (stored === undefined || stored.metadata.uid !== pod.uid) return;
  const time = rfc3339(nowMs);
  const placed = pod.node !== null;
  const spec = fields(stored['spec']);
  const lastState =
    pod.crashReason === null
      ? {}
      : { lastState: { terminated: { reason: pod.crashReason, exitCode: 137, finishedAt: time } } };
  const status = {
    phase: phase(pod),
    conditions: [
      condition('PodScheduled', placed, time, placed ? undefined : 'Unschedulable'),
      condition('Ready', pod.ready, time, pod.ready ? undefined : 'ContainersNotReady'),
      condition('ContainersReady', pod.ready, time),
    ],
    ...(pod.ip === '' ? {} : { podIP: pod.ip, podIPs: [{ ip: pod.ip }] }),
    containerStatuses: items(spec['containers']).map((container) => ({
      name: container['name'],
      image: container['image'],
      ready: pod.ready,
      started: pod.stage === 'up',
      restartCount: pod.restarts,
      state: containerState(pod, time),
      ...lastState,
    })),
  };
  const node = pod.node?.name;
  const next =
    node === undefined || spec['nodeName'] === node
      ? stored
      : { ...stored, spec: { ...spec, nodeName: node } };
  kube.put(POD, { ...next, status }, 'kubelet');
}
