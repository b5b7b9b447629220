/**
 * What KWOK does to pods instead of a kubelet. Two steps, as with a real model server: the containers run, then after the
 * delay that the pod's annotation `pod-ready.stage.kwok.x-k8s.io/delay` names (`20s`; default 100 ms) they are ready.
 * Whoever takes readiness away for another reason than `ContainersNotReady` is not overruled. A pod that is deleted goes
 * after `pod-delete.stage.kwok.x-k8s.io/delay` (default 500 ms).
 * Format: https://kwok.sigs.k8s.io/docs/user/stages-configuration/
 */
export type PodAddresses =
  /** KWOK makes addresses up; nothing on the machine has them. */
  | 'madeUp'
  /** Somebody else writes `status.podIP`, and no pod becomes ready before. */
  | 'given';

const START_CONDITIONS = `
      conditions:
      - { type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }} }
      - { type: Ready, status: "False", reason: ContainersNotReady, lastTransitionTime: {{ $now | Quote }} }
      - { type: ContainersReady, status: "False", reason: ContainersNotReady, lastTransitionTime: {{ $now | Quote }} }`;

const START = (address: string): string => `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-start }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
    - { key: '.metadata.deletionTimestamp', operator: DoesNotExist }
    - { key: '.status.phase', operator: In, values: [Pending] }
  next:
    statusTemplate: |
      {{ $now := Now }}${START_CONDITIONS}
      containerStatuses:
      {{ range .spec.containers }}
      - image: {{ .image | Quote }}
        name: {{ .name | Quote }}
        ready: false
        started: false
        restartCount: 0
        state: { running: { startedAt: {{ $now | Quote }} } }
      {{ end }}
      initContainerStatuses:
      {{ range .spec.initContainers }}
      - image: {{ .image | Quote }}
        name: {{ .name | Quote }}
        ready: true
        restartCount: 0
        {{ if eq .restartPolicy "Always" }}
        started: true
        state: { running: { startedAt: {{ $now | Quote }} } }
        {{ else }}
        state: { terminated: { exitCode: 0, finishedAt: {{ $now | Quote }}, reason: Completed, startedAt: {{ $now | Quote }} } }
        {{ end }}
      {{ end }}
      hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
      ${address}
      phase: Running
      startTime: {{ $now | Quote }}
`;

const READY = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-ready }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
    - { key: '.metadata.deletionTimestamp', operator: DoesNotExist }
    - { key: '.status.phase', operator: In, values: [Running] }
    - { key: '.status.podIP', operator: Exists }
    - { key: '.status.conditions.[] | select( .type == "Ready" ) | .reason', operator: In, values: [ContainersNotReady] }
  delay:
    durationMilliseconds: 100
    durationFrom: { expressionFrom: '.metadata.annotations["pod-ready.stage.kwok.x-k8s.io/delay"]' }
  next:
    statusTemplate: |
      {{ $now := Now }}
      {{ $root := . }}
      conditions:
      - { type: Ready, status: "True", reason: null, lastTransitionTime: {{ $now | Quote }} }
      - { type: ContainersReady, status: "True", reason: null, lastTransitionTime: {{ $now | Quote }} }
      {{ range .spec.readinessGates }}
      - { type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }} }
      {{ end }}
      containerStatuses:
      {{ range $index, $item := .spec.containers }}
      {{ $before := index $root.status.containerStatuses $index }}
      - image: {{ $item.image | Quote }}
        name: {{ $item.name | Quote }}
        ready: true
        started: true
        restartCount: {{ $before.restartCount }}
        state: { running: { startedAt: {{ $now | Quote }} } }
      {{ end }}
`;

const DELETE = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-delete }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
    - { key: '.metadata.deletionTimestamp', operator: Exists }
  delay:
    durationMilliseconds: 500
    durationFrom: { expressionFrom: '.metadata.annotations["pod-delete.stage.kwok.x-k8s.io/delay"]' }
  next:
    finalizers: { empty: true }
    delete: true
`;

const MADE_UP =
  'podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}';

/** KWOK's configuration file. */
export const kwokStages = (addresses: PodAddresses): string =>
  [START(addresses === 'madeUp' ? MADE_UP : ''), READY, DELETE].join('---');
