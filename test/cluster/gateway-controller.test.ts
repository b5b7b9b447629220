import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { RoutePlan } from '../../workflows/plans/plan.ts';
import { confirmation, gatewayHealth } from '../../workflows/steps/gateway-status.ts';
import { clusterBinaries } from './control-plane/cluster-binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import type { Binaries } from './control-plane/find-binaries.ts';
import { type GatewayController, startGatewayController } from './control-plane/gateway-controller.ts';
import type { ParentStatus } from './control-plane/gateway-reading.ts';
import { until } from './control-plane/until.ts';

const binaries = await clusterBinaries();

const NAMESPACE = 'serving';
const LAG_MS = 150;
const ROUTE = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/httproutes/llm`;
const GATEWAY = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/gateways/front`;
const POOL = `/apis/inference.networking.k8s.io/v1/namespaces/${NAMESPACE}/inferencepools/old`;

const pool = (name: string): KubeObject => ({
  apiVersion: 'inference.networking.k8s.io/v1',
  kind: 'InferencePool',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    targetPorts: [{ number: 8000 }],
    selector: { matchLabels: { app: name } },
    endpointPickerRef: { name: `${name}-epp`, kind: 'Service', port: { number: 9002 } },
  },
});

const picker = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `${name}-epp`, namespace: NAMESPACE },
  spec: { selector: { app: `${name}-epp` }, ports: [{ port: 9002 }] },
});

const backendRef = (name: string, weight: number): object => ({
  group: 'inference.networking.k8s.io',
  kind: 'InferencePool',
  name,
  weight,
});

const OBJECTS: readonly KubeObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'front', namespace: NAMESPACE },
    spec: {
      gatewayClassName: 'gke-l7-regional-external-managed',
      listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'llm', namespace: NAMESPACE },
    spec: { parentRefs: [{ name: 'front' }], rules: [{ backendRefs: [backendRef('old', 100)] }] },
  },
  pool('old'),
  picker('old'),
  pool('new'),
  picker('new'),
];

const PLAN: RoutePlan = {
  namespace: NAMESPACE,
  name: 'llm',
  uid: '',
  gateways: [{ namespace: NAMESPACE, name: 'front' }],
  rules: [],
};

describe.skipIf(binaries === null)('the gateway controller', () => {
  let plane: ControlPlane;
  let gateway: GatewayController;

  const get = async (path: string): Promise<KubeObject> => {
    const object = await plane.api.json<KubeObject>({ path });
    if (object === null) throw new Error(`${path} is not there`);
    return object;
  };
  /** What the product makes of the stored status. */
  const kind = async (): Promise<string> => confirmation(await get(ROUTE), PLAN).kind;
  const setBackends = async (...refs: readonly object[]): Promise<number> => {
    const patch = [{ op: 'replace', path: '/spec/rules/0/backendRefs', value: refs }];
    const contentType = 'application/json-patch+json';
    const route = await plane.api.json<KubeObject>({
      method: 'PATCH',
      path: ROUTE,
      contentType,
      body: patch,
    });
    return route?.metadata.generation ?? 0;
  };
  const weights = (): Readonly<Record<string, number>> =>
    Object.fromEntries(
      gateway
        .programmed()
        .flatMap(({ rules }) => rules)
        .flatMap(({ backends }) => backends.map(({ name, weight }) => [name, weight])),
    );

  beforeAll(async () => {
    plane = await startControlPlane({ binaries: binaries as Binaries });
    await plane.apply(OBJECTS);
    const { kubeconfig, api } = plane;
    gateway = await startGatewayController({ kubeconfig, api, lagMs: LAG_MS });
    await until('the route to be confirmed', 10_000, async () => (await kind()) === 'confirmed');
  }, 90_000);
  afterEach(async () => {
    gateway.behave({ lagMs: LAG_MS, reportLagMs: 0, reconciles: true, reportsFalsely: false, refuses: null });
    await setBackends(backendRef('old', 100));
    await until('the route to be confirmed again', 10_000, async () => (await kind()) === 'confirmed');
  });
  afterAll(async () => {
    await gateway?.stop();
    await plane?.close();
  });

  test('gives the Gateway an address and the conditions that the product looks for', async () => {
    const stored = await until('the gateway to be healthy', 5000, async () => {
      const object = await get(GATEWAY);
      return gatewayHealth(object).kind === 'healthy' && object;
    });
    expect(stored['status']).toMatchObject({ addresses: [{ type: 'IPAddress', value: '203.0.113.10' }] });
  });

  test('tells a pool which gateway uses it, once a route refers to it', async () => {
    const [used, unused] = [await get(POOL), await get(POOL.replace(/old$/, 'new'))];
    const parents = (used['status'] as { parents: readonly ParentStatus[] }).parents;
    expect(parents.map(({ parentRef, controllerName }) => ({ parentRef, controllerName }))).toEqual([
      {
        parentRef: {
          group: 'gateway.networking.k8s.io',
          kind: 'Gateway',
          name: 'front',
          namespace: NAMESPACE,
        },
        controllerName: 'networking.gke.io/gateway',
      },
    ]);
    expect(unused['status']).not.toMatchObject({ parents: expect.anything() });
  });

  test('programs and confirms new weights after its lag, and then writes no more', async () => {
    await gateway.settled();
    const startMs = performance.now();
    await setBackends(backendRef('old', 90), backendRef('new', 10));
    expect(await kind()).toBe('waiting');
    await until('the weights to be confirmed', 5000, async () => (await kind()) === 'confirmed');
    const tookMs = performance.now() - startMs;
    console.log(
      `cluster: weights confirmed ${tookMs.toFixed(0)} ms after the write, lag ${String(LAG_MS)} ms`,
    );
    expect(tookMs).toBeGreaterThanOrEqual(LAG_MS);
    expect(weights()).toEqual({ old: 90, new: 10 });
    const before = (await get(ROUTE)).metadata.resourceVersion;
    gateway.behave({ lagMs: 0 });
    await gateway.settled();
    expect((await get(ROUTE)).metadata.resourceVersion).toBe(before);
  });

  test('reports a backend that is not there, and goes on when it comes', async () => {
    await plane.kubectl(['delete', 'service', 'new-epp', '-n', NAMESPACE]);
    const before = weights();
    await setBackends(backendRef('old', 50), backendRef('new', 50));
    await until('a refusal', 5000, async () => (await kind()) === 'refused');
    const said = confirmation(await get(ROUTE), PLAN);
    expect(said).toMatchObject({ message: expect.stringContaining('Service serving/new-epp not found') });
    expect(weights()).toEqual(before);
    await plane.apply([picker('new')]);
    await until('the weights to be confirmed', 5000, async () => (await kind()) === 'confirmed');
    expect(weights()).toEqual({ old: 50, new: 50 });
  });

  test('does nothing when told not to reconcile, and catches up when told to', async () => {
    gateway.behave({ reconciles: false });
    const generation = await setBackends(backendRef('old', 70), backendRef('new', 30));
    await until('the route to be looked at', 5000, () => gateway.seen(NAMESPACE, 'llm') === generation);
    await gateway.settled();
    expect([await kind(), weights()]).toEqual(['waiting', { old: 100 }]);
    gateway.behave({ reconciles: true });
    await until('the weights to be confirmed', 5000, async () => (await kind()) === 'confirmed');
    expect(weights()).toEqual({ old: 70, new: 30 });
  });

  test('reports late: traffic is there before the word', async () => {
    gateway.behave({ lagMs: 0, reportLagMs: 800 });
    await setBackends(backendRef('old', 60), backendRef('new', 40));
    await until('the weights to be programmed', 5000, () => weights()['new'] === 40);
    expect(await kind()).toBe('waiting');
    await until('the weights to be confirmed', 5000, async () => (await kind()) === 'confirmed');
  });

  test('reports falsely: the word is there and the traffic is not', async () => {
    gateway.behave({ reportsFalsely: true });
    await setBackends(backendRef('old', 20), backendRef('new', 80));
    await until('the weights to be confirmed', 5000, async () => (await kind()) === 'confirmed');
    expect(weights()).toEqual({ old: 100 });
  });

  test('refuses a route that is fine, in the words it is told', async () => {
    const refuses = { condition: 'Reconciled', reason: 'SyncError', message: 'quota exceeded' } as const;
    gateway.behave({ refuses });
    await until('a refusal', 5000, async () => (await kind()) === 'refused');
    expect(confirmation(await get(ROUTE), PLAN)).toMatchObject({
      message: expect.stringContaining('Reconciled is False, SyncError: quota exceeded'),
    });
  });

  test('leaves what other controllers said', async () => {
    const other = {
      parentRef: { name: 'elsewhere' },
      controllerName: 'example.com/other',
      conditions: [
        {
          type: 'Accepted',
          status: 'True',
          reason: 'Accepted',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    };
    const { status } = (await get(ROUTE)) as { status?: { parents: readonly ParentStatus[] } };
    const parents = [...(status?.parents ?? []), other];
    await plane.api.json({ method: 'PATCH', path: `${ROUTE}/status`, body: { status: { parents } } });
    await setBackends(backendRef('old', 99), backendRef('new', 1));
    await until('the weights to be confirmed', 5000, async () => (await kind()) === 'confirmed');
    const after = (await get(ROUTE)) as { status?: { parents: readonly ParentStatus[] } };
    expect(after.status?.parents.map(({ controllerName }) => controllerName).toSorted()).toEqual([
      'example.com/other',
      'networking.gke.io/gateway',
    ]);
  });

  test('forgets a route that is deleted', async () => {
    await plane.kubectl(['delete', 'httproute', 'llm', '-n', NAMESPACE]);
    await until('nothing to be programmed', 5000, () => gateway.programmed().length === 0);
    await plane.apply(OBJECTS);
    await until('the route to be programmed again', 5000, () => gateway.programmed().length === 1);
    expect(weights()).toEqual({ old: 100 });
  });
});
