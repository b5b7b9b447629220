import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterBinaries } from './control-plane/cluster-binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import type { Binaries } from './control-plane/find-binaries.ts';
import { addKwokNodes } from './control-plane/nodes.ts';
import { until } from './control-plane/until.ts';
import { answering } from './network/answering.ts';
import {
  createNetworkNamespace,
  type NetworkNamespace,
  namespacesMissing,
  removeLeftNamespaces,
} from './network/network-namespace.ts';
import { modelServerPorts, type Pod, type PodServers, startPodServers } from './network/pod-servers.ts';

const binaries = await clusterBinaries();
const missing = await namespacesMissing();
if (missing !== null) console.log(`skipped: ${missing}`);
const run = promisify(execFile);

const PODS = '/api/v1/namespaces/default/pods';
const APP = 'model-server';

const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: APP, namespace: 'default' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: APP } },
    template: {
      metadata: { labels: { app: APP } },
      spec: {
        containers: [
          {
            name: 'vllm',
            image: 'vllm',
            ports: [{ containerPort: 8000 }],
            resources: { limits: { 'nvidia.com/gpu': '1' } },
          },
        ],
      },
    },
  },
};

/** Says who was asked for what. */
const echo = answering((pod, port, { method, path, body, headers }) => {
  if (path === '/missing') return { status: 404, body: '{"error":"no such model"}' };
  if (path === '/stream') return { status: 200, contentType: 'text/event-stream', body: twoParts() };
  const authorization = headers['authorization'] ?? null;
  const answer = { pod: pod.name, port, method, url: path, body, authorization };
  return { status: 200, body: JSON.stringify(answer) };
});

/** A stream that breaks off in its middle. */
async function* twoParts(): AsyncGenerator<string> {
  yield 'data: one\n\n';
  await new Promise((resolve) => setImmediate(resolve));
  throw new Error('the process is gone');
}

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

describe.skipIf(binaries === null || missing !== null)('pods with processes behind them', () => {
  let plane: ControlPlane;
  let network: NetworkNamespace;
  let servers: PodServers;

  const list = async (): Promise<readonly Pod[]> =>
    (await plane.api.json<{ items: readonly Pod[] }>({ path: `${PODS}?labelSelector=app%3D${APP}` }))
      ?.items ?? [];
  const pod = async (name: string): Promise<Pod | null> => plane.api.json<Pod>({ path: `${PODS}/${name}` });
  const proxied = (name: string, path: string): string => `${PODS}/${name}:8000/proxy${path}`;
  const firstPod = (): string => servers.pods()[0]?.name ?? 'none';

  beforeAll(async () => {
    const startMs = performance.now();
    plane = await startControlPlane({
      binaries: binaries as Binaries,
      podAddresses: 'given',
      customResources: false,
    });
    network = await createNetworkNamespace(plane.watchdog);
    servers = await startPodServers({
      controlPlane: plane,
      network,
      portsOf: modelServerPorts,
      handle: echo,
    });
    await addKwokNodes(plane.api, { nodePool: 'gpu', count: 1, accelerator: 'nvidia-h100-80gb' });
    const appliedMs = performance.now();
    await plane.apply([DEPLOYMENT]);
    await until('3 pods to be ready', 30_000, async () => (await list()).filter(isReady).length === 3);
    console.log(
      `cluster: ${(appliedMs - startMs).toFixed(0)} ms to the first node, 3 pods with addresses ready ${(performance.now() - appliedMs).toFixed(0)} ms after kubectl apply`,
    );
  }, 90_000);
  afterAll(async () => {
    await servers?.stop();
    await network?.close();
    await plane?.close();
  });

  test('have each an address of the namespace, which KWOK leaves alone', async () => {
    const addresses = (await list()).map(({ status }) => status?.podIP ?? '');
    expect(new Set(addresses).size).toBe(3);
    expect(addresses.toSorted()).toEqual(
      servers
        .pods()
        .map(({ address }) => address)
        .toSorted(),
    );
    expect(addresses.every((address) => address.startsWith('198.18.'))).toBe(true);
  });

  test('answer GET and POST through the pod proxy, body, status and content type passed', async () => {
    let asked = 0;
    for (const { name } of servers.pods()) {
      const got = await plane.api.send({ path: proxied(name, '/v1/models') });
      const posted = await plane.api.send({
        method: 'POST',
        path: proxied(name, '/v1/completions'),
        body: { prompt: 'ü' },
      });
      const common = { pod: name, port: 8000, authorization: null };
      expect(got).toEqual({ status: 200, contentType: 'application/json', text: expect.any(String) });
      expect(JSON.parse(got.text)).toEqual({ ...common, method: 'GET', url: '/v1/models', body: '' });
      expect(JSON.parse(posted.text)).toEqual({
        ...common,
        method: 'POST',
        url: '/v1/completions',
        body: '{"prompt":"ü"}',
      });
      const absent = await plane.api.send({ path: proxied(name, '/missing') });
      expect(absent).toEqual({
        status: 404,
        contentType: 'application/json',
        text: '{"error":"no such model"}',
      });
      asked += 3;
    }
    console.log(`cluster: ${String(asked)} requests through the pod proxy`);
    expect(asked).toBe(9);
  });

  test('may break off in the middle of a stream', async () => {
    const broken = await plane.api.send({ path: proxied(firstPod(), '/stream') }).then(
      () => 'whole',
      (error: unknown) => (error as Error).message,
    );
    expect(broken).toBe('aborted');
  });

  test('answer within milliseconds', async () => {
    const name = firstPod();
    const times: number[] = [];
    for (let count = 0; count < 100; count++) {
      const startMs = performance.now();
      await plane.api.send({ path: proxied(name, '/v1/models') });
      times.push(performance.now() - startMs);
    }
    times.sort((a, b) => a - b);
    console.log(
      `cluster: pod proxy p50 ${times[50]?.toFixed(1) ?? ''} ms, p99 ${times[98]?.toFixed(1) ?? ''} ms`,
    );
    expect(times[50]).toBeLessThan(500);
  });

  test('refuse connections when the process is dead: the 503 is the API server’s own', async () => {
    const name = firstPod();
    await servers.die(`default/${name}`);
    const dead = await plane.api.send({ path: proxied(name, '/v1/models') });
    expect(dead.status).toBe(503);
    expect(JSON.parse(dead.text)).toMatchObject({
      kind: 'Status',
      code: 503,
      message: expect.stringContaining('connection refused'),
    });
    await servers.live(`default/${name}`);
    expect((await plane.api.send({ path: proxied(name, '/v1/models') })).status).toBe(200);
  });

  test('are silent while they hang, and answer when they wake', async () => {
    const name = firstPod();
    const path = proxied(name, '/v1/models');
    servers.hang(`default/${name}`);
    const silence = await plane.api.send({ path, timeoutMs: 300 }).then(
      () => 'answered',
      (error: unknown) => (error as Error).message,
    );
    expect(silence).toBe('no answer for 300 ms');
    const patient = plane.api.send({ path });
    await until('the request to arrive', 5000, () => servers.waiting(`default/${name}`) === 2);
    servers.wake(`default/${name}`);
    expect((await patient).status).toBe(200);
  });

  test('a request under way is cut when the process dies', async () => {
    const name = firstPod();
    servers.hang(`default/${name}`);
    const cut = plane.api.send({ path: proxied(name, '/v1/models') });
    await until('the request to arrive', 5000, () => servers.waiting(`default/${name}`) > 0);
    await servers.die(`default/${name}`);
    expect([502, 503]).toContain((await cut).status);
    servers.wake(`default/${name}`);
    await servers.live(`default/${name}`);
  });

  test('count a restart, are not ready meanwhile, and serve again when they are', async () => {
    const name = firstPod();
    await servers.restart(`default/${name}`);
    await until('the pod to be ready again', 10_000, async () => {
      const seen = await pod(name);
      return seen !== null && isReady(seen) && seen.status?.containerStatuses?.[0]?.restartCount === 1;
    });
    const answered = await until('it to serve', 5000, async () => {
      const { status } = await plane.api.send({ path: proxied(name, '/v1/models') });
      return status === 200 && status;
    });
    expect(answered).toBe(200);
  });

  test('give their address back when they are deleted, and the next pod has another', async () => {
    const name = firstPod();
    const address = servers.pods()[0]?.address;
    await plane.api.json({ method: 'DELETE', path: `${PODS}/${name}` });
    await until('another pod to be ready', 20_000, async () => {
      const ready = (await list()).filter(isReady).map(({ metadata }) => metadata.name);
      return ready.length === 3 && !ready.includes(name);
    });
    await until('the address to be free', 5000, () => !servers.pods().some((one) => one.address === address));
    expect(servers.pods()).toHaveLength(3);
  });

  test('leave no namespace, and one that a dead process left is removed at the next start', async () => {
    const left = 'sluice-test-999999999-left';
    await run('ip', ['netns', 'add', left]);
    expect(await removeLeftNamespaces()).toContain(left);
    const other = await createNetworkNamespace(plane.watchdog);
    await other.close();
    await other.close();
    const { stdout } = await run('ip', ['netns', 'list']);
    expect([stdout.includes(left), stdout.includes(other.name), stdout.includes(network.name)]).toEqual([
      false,
      false,
      true,
    ]);
  });
});
