import { execFile, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { createApiClient } from './control-plane/api-client.ts';
import { auditedRequests } from './control-plane/audit.ts';
import { clusterBinaries } from './control-plane/cluster-binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import type { Binaries } from './control-plane/find-binaries.ts';
import { addKwokNodes, removeNodes } from './control-plane/nodes.ts';
import { isAlive, processesNaming } from './control-plane/processes.ts';
import { stackFolder, stackObjects } from './control-plane/stack-manifests.ts';
import type { Started } from './control-plane/start-and-wait-child.ts';
import { until } from './control-plane/until.ts';
import type { Pod } from './network/pod-servers.ts';

const binaries = await clusterBinaries();
const run = promisify(execFile);

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

const podsOf = async ({ api }: ControlPlane): Promise<readonly Pod[]> =>
  (await api.json<{ items: readonly Pod[] }>({ path: '/api/v1/namespaces/default/pods' }))?.items ?? [];

const sleeper = (name: string, annotations: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations },
  spec: {
    containers: [{ name: 'one', image: 'one' }],
    nodeSelector: { 'cloud.google.com/gke-nodepool': 'delays' },
  },
});

describe.skipIf(binaries === null)('a control plane', () => {
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane({ binaries: binaries as Binaries });
  }, 90_000);
  afterAll(() => plane.close());

  test('is up in under 20 s and serves the version it was built from', async () => {
    console.log(`cluster: up in ${plane.startedInMs.toFixed(0)} ms`);
    expect(plane.startedInMs).toBeLessThan(20_000);
    const version = await plane.api.json<{ gitVersion: string }>({ path: '/version' });
    expect(version?.gitVersion).toMatch(/^v1\.\d+\.\d+/);
  });

  test('serves the resources of Gateway API, inference extension and GKE', async () => {
    const { stdout } = await plane.kubectl(['api-resources', '-o', 'name']);
    const served = stdout.split('\n').filter((name) => /gateway|inference|gke/.test(name));
    console.log(`cluster: ${String(served.length)} custom resources served`);
    expect(served).toEqual(
      expect.arrayContaining([
        'gateways.gateway.networking.k8s.io',
        'httproutes.gateway.networking.k8s.io',
        'inferencepools.inference.networking.k8s.io',
        'inferenceobjectives.inference.networking.x-k8s.io',
        'inferencemodelrewrites.inference.networking.x-k8s.io',
      ]),
    );
  });

  test('knows its users by token, gives no right without a role, and writes down what they ask', async () => {
    const since = auditedRequests(plane.folder, 'sluice').length;
    const asSluice = createApiClient({ ...plane, token: plane.tokens['sluice'] ?? '' });
    const path = '/api/v1/namespaces/default/pods';
    const refused = await asSluice.send({ path });
    const review = await asSluice.send({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    asSluice.close();
    const nobody = createApiClient({ ...plane, token: 'nobody' });
    const unknown = await nobody.send({ path });
    nobody.close();
    expect([refused.status, unknown.status, review.status]).toEqual([403, 401, 201]);
    expect(JSON.parse(review.text)).toMatchObject({ status: { userInfo: { username: 'sluice' } } });
    const audited = auditedRequests(plane.folder, 'sluice').slice(since);
    expect(audited.map(({ verb, uri, status }) => ({ verb, uri, status }))).toEqual([
      { verb: 'list', uri: path, status: 403 },
      { verb: 'create', uri: '/apis/authentication.k8s.io/v1/selfsubjectreviews', status: 201 },
    ]);
  });

  test.skipIf(stackFolder() === null)(
    'takes the example stack whole, and its pods become ready',
    async () => {
      const startMs = performance.now();
      const objects = stackObjects(stackFolder() ?? '');
      const said = (await plane.apply(objects)).trimEnd().split('\n');
      const appliedMs = performance.now();
      await addKwokNodes(plane.api, { nodePool: 'gpu', count: 2, accelerator: 'nvidia-h100-80gb' });
      await addKwokNodes(plane.api, { nodePool: 'cpu', count: 1 });
      const nodesMs = performance.now();
      const pods = await until('4 pods to be ready', 30_000, async () => {
        const ready = (await podsOf(plane)).filter(isReady);
        return ready.length === 4 && ready;
      });
      const readyMs = performance.now();
      console.log(
        `cluster: ${String(said.length)} objects applied in ${(appliedMs - startMs).toFixed(0)} ms, 3 nodes in ${(nodesMs - appliedMs).toFixed(0)} ms, 4 pods ready ${(readyMs - nodesMs).toFixed(0)} ms later`,
      );
      expect(said).toHaveLength(objects.length);
      expect(said.every((line) => line.endsWith(' created'))).toBe(true);
      // As on GKE: who asks for a GPU lands on a node with GPUs, nobody else does.
      const places = pods.map(({ metadata, spec }) => {
        const what = metadata.name.includes('-epp-') ? 'picker' : 'model server';
        return `${what} on ${/^gke-test-(\w+)-/.exec(spec.nodeName ?? '')?.[1] ?? 'nothing'}`;
      });
      expect(places.toSorted((a, b) => a.localeCompare(b))).toEqual([
        'model server on gpu',
        'model server on gpu',
        'model server on gpu',
        'picker on cpu',
      ]);
    },
  );

  test.skipIf(stackFolder() === null)('refuses the example health check as it was published', async () => {
    const result = await plane.kubectl(['apply', '-f', join(stackFolder() ?? '', 'healthcheck.yaml')]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('portSpecification being USE_SERVING_PORT (which is the default)');
  });

  test('makes a pod ready after the delay that its annotation names', async () => {
    await addKwokNodes(plane.api, { nodePool: 'delays', count: 1 });
    const path = '/api/v1/namespaces/default/pods';
    const slow = sleeper('slow', { 'pod-ready.stage.kwok.x-k8s.io/delay': '2s' });
    await plane.api.json({ method: 'POST', path, body: slow });
    await plane.api.json({ method: 'POST', path, body: sleeper('quick', {}) });
    const startMs = performance.now();
    const readyAfterMs = async (name: string): Promise<number> => {
      await until(`${name} to be ready`, 20_000, async () =>
        isReady((await plane.api.json<Pod>({ path: `${path}/${name}` })) as Pod),
      );
      return performance.now() - startMs;
    };
    const [quickMs, slowMs] = [await readyAfterMs('quick'), await readyAfterMs('slow')];
    console.log(
      `cluster: ready after ${quickMs.toFixed(0)} ms, with a delay of 2 s after ${slowMs.toFixed(0)} ms`,
    );
    expect(slowMs).toBeGreaterThan(1900);
    expect(quickMs).toBeLessThan(slowMs);
  });

  test('loses the pods of a node pool with its nodes', async () => {
    expect(await removeNodes(plane.api, 'delays')).toBe(1);
    const left = (await podsOf(plane)).filter(({ metadata }) => ['slow', 'quick'].includes(metadata.name));
    expect(left.map(({ metadata }) => metadata.name)).toEqual([]);
    expect(await removeNodes(plane.api, 'delays')).toBe(0);
  });
});

describe.skipIf(binaries === null)('what a control plane leaves behind', () => {
  test('is nothing after close', async () => {
    const plane = await startControlPlane({ binaries: binaries as Binaries, customResources: false });
    const { folder, components } = plane;
    expect(components.map(({ pid }) => isAlive(pid))).toEqual(components.map(() => true));
    expect(existsSync(folder)).toBe(true);
    const startMs = performance.now();
    await plane.close();
    await plane.close();
    console.log(`cluster: closed in ${(performance.now() - startMs).toFixed(0)} ms`);
    expect(await processesNaming(folder)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  test('is nothing after a kill -9 of the process that started it', async () => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'control-plane/start-and-wait-child.ts')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let started: Started | null = null;
    for await (const line of createInterface(child.stdout)) {
      if (!line.startsWith('{')) continue;
      started = JSON.parse(line) as Started;
      break;
    }
    expect(started?.pids.filter(isAlive)).toHaveLength(started?.namespace === null ? 5 : 6);
    child.kill('SIGKILL');
    const startMs = performance.now();
    const folder = started?.folder ?? '';
    await until('everything to be gone', 10_000, async () => {
      const namespaces = started?.namespace === null ? '' : (await run('ip', ['netns', 'list'])).stdout;
      const isThere = existsSync(folder) || namespaces.includes(started?.namespace ?? 'none');
      return !isThere && (await processesNaming(folder)).length === 0;
    });
    console.log(`cluster: all gone ${(performance.now() - startMs).toFixed(0)} ms after kill -9`);
  });

  test('is not even a folder when it does not come up, and the error shows the logs', async () => {
    using tools = temporaryFolder();
    writeFileSync(tools.at('kwok'), '#!/bin/sh\necho "$@"; exit 7\n', { mode: 0o755 });
    const broken: Binaries = { ...(binaries as Binaries), kwok: tools.at('kwok') };
    const failure = await startControlPlane({ binaries: broken, customResources: false }).then(
      () => null,
      (error: unknown) => (error as Error).message,
    );
    expect(failure).toMatch(/A component ended while waiting for kube-controller-manager/);
    expect(failure).toMatch(/--- kwok \(code 7\)/);
    expect(failure).toMatch(/--- etcd \(running\):\n\{"level"/);
    const folder = /--kubeconfig=(\S+)\/kubeconfig-kwok/.exec(failure ?? '')?.[1];
    expect(folder).toContain('sluice-cluster-');
    expect(existsSync(folder ?? '/')).toBe(false);
    expect(await processesNaming(folder ?? '')).toEqual([]);
  });
});
