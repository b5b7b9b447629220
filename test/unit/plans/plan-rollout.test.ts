import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import type { Plan } from '../../../workflows/plans/plan.ts';
import type { NodePool } from '../../../workflows/ports.ts';
import type { RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import {
  aCluster,
  aDeployment,
  aPool,
  aRef,
  aRoute,
  aService,
  aSpec,
  baseModel,
  CLUSTER,
  fromManifests,
  NAMESPACE,
  newManifests,
  stored,
  withoutNewSide,
} from './a-cluster.ts';
import { planned, slotLocks } from './planned.ts';

describe('a node rollout to a pool that exists', () => {
  const { plan, hash } = planned(aSpec(), [], aCluster());

  test('freezes both sides', () => {
    expect([plan.old, plan.new]).toEqual([
      {
        pool: 'llm',
        poolUid: 'uid-InferencePool-llm',
        selector: { app: 'llm' },
        port: 8000,
        picker: { service: 'llm-epp', selector: { app: 'llm-epp' }, metricsPort: 9090 },
        replicas: 2,
      },
      {
        pool: 'llm-new',
        poolUid: 'uid-InferencePool-llm-new',
        selector: { app: 'llm-new' },
        port: 8000,
        picker: { service: 'llm-new-epp', selector: { app: 'llm-new-epp' }, metricsPort: 9090 },
        replicas: 2,
      },
    ]);
  });

  test('keeps the originals of every rule, byte for byte', () => {
    expect(plan.routes).toEqual([
      {
        namespace: NAMESPACE,
        name: 'routes-to-llm',
        uid: 'uid-HTTPRoute-routes-to-llm',
        gateways: [{ namespace: NAMESPACE, name: 'gateway' }],
        rules: [{ index: 0, originals: [aRef('llm', 1)], newRefWasThere: false }],
      },
    ]);
  });

  test('creates and deletes nothing, and locks what it touches', () => {
    expect({ create: plan.create, delete: plan.delete, nodePool: plan.nodePool, locks: plan.locks }).toEqual({
      create: [],
      delete: [],
      nodePool: null,
      locks: [
        ...['httproutes/routes-to-llm', 'llm', 'llm-new'].map((key) => `${CLUSTER}/serving/${key}`),
        ...['llm-new', 'llm'].flatMap(slotLocks),
      ],
    });
  });

  test('verifies what the old side serves', () => {
    expect(plan.verify).toEqual({
      servedNames: ['llama'],
      adapters: ['food-review-1'],
      maxModelLenMin: 8192,
      warmUpRequests: 20,
      deadlineMs: 1_800_000,
      effect: { mode: 'required', base: 'llama', prompts: {} },
    });
  });

  test('a new pod may not take less than the old pod that takes least; adapters of any pod count', () => {
    const models = (maxModelLen: number, adapter: string) => [
      { id: 'llama', parent: null, maxModelLen },
      { id: adapter, parent: 'llama', maxModelLen: null },
    ];
    const oldModels = [
      { pod: 'llm-1', models: models(8192, 'b') },
      { pod: 'llm-2', models: models(4096, 'a') },
    ];
    expect(planned(aSpec(), [], aCluster({ oldModels })).plan.verify).toMatchObject({
      servedNames: ['llama'],
      adapters: ['a', 'b'],
      maxModelLenMin: 4096,
    });
  });

  test('has the default ladder, judged by the error ratio on every rung', () => {
    expect(
      plan.ladder.map((rung) => [rung.sharePercent, rung.realSharePercent, rung.bakeMs, rung.judges]),
    ).toEqual([
      [1, 1, 600_000, ['errors']],
      [5, 5, 600_000, ['errors']],
      [25, 25, 900_000, ['errors']],
      [50, 50, 1_800_000, ['errors']],
      [100, 100, 3_600_000, ['errors']],
    ]);
  });

  test('drains as long as the backend policy says', () => {
    expect(plan.drainMs).toBe(120_000);
    expect(planned(aSpec(), [], aCluster({ backendPolicies: [] })).plan.drainMs).toBe(60_000);
  });

  test('names every default that is replaced in this version', () => {
    expect(plan.notInThisVersion).toContain('spec.metrics.source: cloudMonitoring → pods');
  });

  test('has a hash that changes with any decision', () => {
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const others = [
      planned(aSpec({ pacing: { settle: '61s' } }), [], aCluster()),
      planned(aSpec(), [], aCluster({ routes: [aRoute('routes-to-llm', [[aRef('llm', 2)]])] })),
      planned(
        aSpec(),
        [],
        aCluster({ routes: [aRoute('routes-to-llm', [[aRef('llm', 1)]], { metadata: { uid: 'again' } })] }),
      ),
    ].map((other) => other.hash);
    expect(new Set([hash, ...others]).size).toBe(4);
  });
});

describe('a route with several rules and foreign backends', () => {
  const routes = [
    aRoute('routes-to-llm', [
      [aRef('llm', 7), aRef('blog', 3)],
      [aRef('blog', 1)],
      [aRef('llm', 1), aRef('llm-new', 0)],
      [aRef('llm', 0), aRef('blog', 1)],
    ]),
  ];
  const { plan } = planned(aSpec(), [], aCluster({ routes }));

  test('only rules that give the old pool a part are in the plan, and a ref that was there stays', () => {
    expect(
      plan.routes.flatMap((route) => route.rules.map((rule) => [rule.index, rule.newRefWasThere])),
    ).toEqual([
      [0, false],
      [2, true],
    ]);
  });

  test('the real share is what weights up to 1000 can express, never above', () => {
    for (const rung of plan.ladder) expect(rung.realSharePercent).toBeLessThanOrEqual(rung.sharePercent);
    expect(plan.ladder.at(-1)?.realSharePercent).toBe(100);
  });
});

describe('manifests', () => {
  const like: NodePool = {
    name: 'h100',
    initialNodeCount: 2,
    locations: ['us-central1-b', 'us-central1-a'],
    config: {
      machineType: 'a3-highgpu-8g',
      accelerators: [{ acceleratorType: 'nvidia-h100-80gb', acceleratorCount: 8 }],
      serviceAccount: 'nodes@acme',
      spot: true,
      resourceLabels: { team: 'serving' },
    },
    management: { autoUpgrade: false, autoRepair: true },
    maxPodsConstraint: { maxPodsPerNode: '32' },
    networkConfig: { podRange: 'pods-2' },
    upgradeSettings: { maxSurge: 1 },
    nodeDrainConfig: { respectPdbDuringNodePoolDeletion: true },
    placementPolicy: { type: 'COMPACT' },
    status: 'RUNNING',
  };
  const nodePools: ObservedCluster['nodePools'] = { kind: 'ok', pools: [like] };
  const create = (more: Readonly<Record<string, unknown>> = {}): RolloutSpec =>
    fromManifests({
      nodes: {
        create: {
          name: 'h200',
          like: 'h100',
          nodes: 4,
          capacity: [{ reservation: 'h200-res', deadline: '20m' }],
          ...more,
        },
      },
    });

  test('go out in order, cheap things first, each with the intent', () => {
    const { plan } = planned(fromManifests(), newManifests(), withoutNewSide());
    expect(plan.create.map((one) => [one.stage, one.plural, one.namespace, one.object.metadata])).toEqual([
      [
        'cheap',
        'services',
        NAMESPACE,
        { name: 'llm-new-epp', namespace: NAMESPACE, annotations: { 'sluice.dev/intent': '{id}' } },
      ],
      [
        'cheap',
        'inferencepools',
        NAMESPACE,
        { name: 'llm-new', namespace: NAMESPACE, annotations: { 'sluice.dev/intent': '{id}' } },
      ],
      [
        'workload',
        'deployments',
        NAMESPACE,
        { name: 'llm-new', namespace: NAMESPACE, annotations: { 'sluice.dev/intent': '{id}' } },
      ],
      [
        'cheap',
        'deployments',
        NAMESPACE,
        { name: 'llm-new-epp', namespace: NAMESPACE, annotations: { 'sluice.dev/intent': '{id}' } },
      ],
    ]);
  });

  const podSpecOf = (plan: Plan, name: string): unknown =>
    plan.create
      .filter((one) => one.plural === 'deployments' && one.object.metadata.name === name)
      .map((one) => (one.object['spec'] as { template: { spec: Record<string, unknown> } }).template.spec)
      .map(({ nodeSelector, tolerations }) => ({ nodeSelector, tolerations }))[0];

  test('are bound to a new node pool: the workload, not the picker', () => {
    const { plan } = planned(create(), newManifests(), withoutNewSide({ nodePools }));
    expect(podSpecOf(plan, 'llm-new')).toEqual({
      nodeSelector: { 'cloud.google.com/gke-nodepool': '{nodePool}' },
      tolerations: [{ key: 'sluice.dev/rollout', operator: 'Equal', value: '{id}', effect: 'NoSchedule' }],
    });
    expect(podSpecOf(plan, 'llm-new-epp')).toEqual({ nodeSelector: undefined, tolerations: undefined });
  });

  test('are bound to an existing node pool without a toleration that it does not need', () => {
    const { plan } = planned(
      fromManifests({ nodes: { nodePool: 'h100' } }),
      newManifests(),
      withoutNewSide({ nodePools }),
    );
    expect(podSpecOf(plan, 'llm-new')).toEqual({
      nodeSelector: { 'cloud.google.com/gke-nodepool': 'h100' },
      tolerations: undefined,
    });
    expect(plan.locks).toContain(`${CLUSTER}/nodePools/h100`);
  });

  test('a node pool is made like another: total over zones, capacity replaced, tainted, labelled', () => {
    const { plan } = planned(create(), newManifests(), withoutNewSide({ nodePools }));
    expect(plan.nodePool).toEqual({
      nodePool: {
        name: 'h200',
        initialNodeCount: 2,
        locations: ['us-central1-a', 'us-central1-b'],
        config: {
          machineType: 'a3-highgpu-8g',
          accelerators: [{ acceleratorType: 'nvidia-h100-80gb', acceleratorCount: 8 }],
          serviceAccount: 'nodes@acme',
          resourceLabels: { team: 'serving', 'sluice-rollout': '{id}' },
          taints: [{ key: 'sluice.dev/rollout', value: '{id}', effect: 'NO_SCHEDULE' }],
          reservationAffinity: {
            consumeReservationType: 'SPECIFIC_RESERVATION',
            key: 'compute.googleapis.com/reservation-name',
            values: ['h200-res'],
          },
        },
        autoscaling: { enabled: false },
        management: { autoUpgrade: false, autoRepair: true },
        maxPodsConstraint: { maxPodsPerNode: '32' },
        networkConfig: { podRange: 'pods-2' },
        upgradeSettings: { maxSurge: 1 },
        nodeDrainConfig: { respectPdbDuringNodePoolDeletion: true },
        placementPolicy: { type: 'COMPACT' },
      },
      capacity: { kind: 'reservation', reservation: 'h200-res', deadlineMs: 1_200_000 },
      keepAfterFailureMs: 86_400_000,
    });
  });

  test('another machine type inherits neither accelerators nor placement', () => {
    const { plan } = planned(
      create({ machineType: 'a3-ultragpu-8g' }),
      newManifests(),
      withoutNewSide({ nodePools }),
    );
    expect(plan.nodePool?.nodePool.config['accelerators']).toBeUndefined();
    expect(plan.nodePool?.nodePool.placementPolicy).toBeUndefined();
    expect(plan.nodePool?.nodePool.config.machineType).toBe('a3-ultragpu-8g');
  });
});

describe('retiring the old side', () => {
  const retired = (observed: ObservedCluster): readonly string[] =>
    planned(aSpec({ retention: { retire: 'delete' } }), [], observed).plan.delete.map(
      (one) => `${one.plural} ${one.name} ${one.uid}`,
    );

  test('deletes workload, picker, policy and pool, in that order, by uid', () => {
    expect(retired(aCluster())).toEqual([
      'deployments llm uid-Deployment-llm',
      'deployments llm-epp uid-Deployment-llm-epp',
      'services llm-epp uid-Service-llm-epp',
      'gcpbackendpolicies llm-policy uid-GCPBackendPolicy-llm-policy',
      'inferencepools llm uid-InferencePool-llm',
    ]);
  });

  test('leaves what another pool uses as well', () => {
    const shared = aPool('batch', {
      selector: { matchLabels: { app: 'llm' } },
      endpointPickerRef: { name: 'llm-epp' },
    });
    const observed = aCluster({ pools: [aPool('llm'), aPool('llm-new'), shared] });
    expect(retired(observed)).toEqual([
      'gcpbackendpolicies llm-policy uid-GCPBackendPolicy-llm-policy',
      'inferencepools llm uid-InferencePool-llm',
    ]);
  });

  test('takes a ConfigMap along only when it is named after the pool and nobody else mounts it', () => {
    const mounts = (...names: readonly string[]) => ({
      volumes: names.map((name) => ({ name, configMap: { name } })),
    });
    const map = (name: string): KubeObject => stored('v1', 'ConfigMap', name);
    const observed = aCluster({
      deployments: [
        aDeployment('llm', { pod: mounts('llm-adapters', 'shared', 'llm-common') }),
        aDeployment('llm-new', { pod: mounts('llm-common') }),
        aDeployment('llm-epp', { replicas: 1 }),
        aDeployment('llm-new-epp', { replicas: 1 }),
      ],
      configMaps: [map('llm-adapters'), map('shared'), map('llm-common')],
    });
    expect(retired(observed).filter((one) => one.startsWith('configmaps'))).toEqual([
      'configmaps llm-adapters uid-ConfigMap-llm-adapters',
    ]);
  });

  test('keep deletes nothing', () => {
    expect(planned(aSpec(), [], aCluster()).plan.delete).toEqual([]);
  });
});

describe('objectives', () => {
  const objective = (name: string, priority: number): KubeObject =>
    stored('inference.networking.x-k8s.io/v1alpha2', 'InferenceObjective', name, {
      spec: { priority, poolRef: { name: 'llm' } },
    });
  const mode = (priorities: string, ...values: readonly number[]): string =>
    planned(
      aSpec({ priorities, acknowledge: ['objectives-priorities'] }),
      [],
      aCluster({ objectives: values.map((value, index) => objective(`o-${index}`, value)) }),
    ).plan.objectives.mode;

  test('auto flips only when a request could be shed', () => {
    expect([
      mode('auto', 0),
      mode('auto', 2, 1),
      mode('auto', 2, -1),
      mode('leave', -1),
      mode('flip', 1),
    ]).toEqual(['leave', 'leave', 'flip', 'leave', 'flip']);
  });

  test('are listed even when they are left, for the hand-over before a deletion', () => {
    const { plan } = planned(aSpec(), [], aCluster({ objectives: [objective('food', 1)] }));
    expect(plan.objectives.objects).toEqual([
      {
        identity: {
          group: 'inference.networking.x-k8s.io',
          version: 'v1alpha2',
          plural: 'inferenceobjectives',
          kind: 'InferenceObjective',
          namespace: NAMESPACE,
          name: 'food',
          uid: 'uid-InferenceObjective-food',
        },
        priority: 1,
        poolRefName: 'llm',
      },
    ]);
  });
});

describe('latency without an objective', () => {
  const oldTtft = (count: number) => ({
    edges: [0.1, 0.25, 0.5, 1],
    cumulative: [0.5, 0.9, 0.96, 0.99].map((part) => part * count),
    count,
  });

  test('is the old side’s own: the edge that at most half of the allowed proportion exceeds', () => {
    expect(planned(aSpec(), [], aCluster({ oldTtft: oldTtft(2000) })).plan.gates.ttft).toEqual({
      overMs: 1000,
      atMost: 0.05,
      edgeSeconds: 1,
      samplesMin: 300,
    });
  });

  test('is not judged with few requests, nor for another model', () => {
    expect(planned(aSpec(), [], aCluster({ oldTtft: oldTtft(900) })).plan.gates.ttft).toBeNull();
    expect(planned(baseModel(), [], aCluster({ oldTtft: oldTtft(2000) })).plan.gates.ttft).toBeNull();
  });

  test('an objective of the file wins, snapped to an edge', () => {
    const spec = aSpec({ objectives: { ttft: { over: '300ms', atMost: 0.02 } } });
    expect(planned(spec, [], aCluster({ oldTtft: oldTtft(2000) })).plan.gates.ttft).toEqual({
      overMs: 300,
      atMost: 0.02,
      edgeSeconds: 0.5,
      samplesMin: 300,
    });
  });
});

test('a picker Service that the manifests do not bring may exist already', () => {
  const manifests = newManifests().filter((one) => one.kind !== 'Service');
  const observed = withoutNewSide();
  const { plan } = planned(fromManifests(), manifests, {
    ...observed,
    services: [...observed.services, aService('llm-new-epp')],
  });
  expect(plan.new.picker?.selector).toEqual({ app: 'llm-new-epp' });
});
