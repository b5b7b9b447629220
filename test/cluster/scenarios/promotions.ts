/** A node update, and after it a second rollout in the same place: a base model. Both are promoted. */
import { expect, test } from 'vitest';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { auditedRequests } from '../control-plane/audit.ts';
import type { Pod } from '../network/pod-servers.ts';
import { rolloutOf } from './rollout-of.ts';
import { createScene, POOL, type Scene } from './scene.ts';
import type { Setting } from './setting.ts';
import { tell } from './tell.ts';

const finished = ({ document }: { document: { finishedAtMs: number | null } }): boolean =>
  document.finishedAtMs !== null;

/** The stack as it stands after a promotion: the new side's objects, and the route to it. */
const stackAfter = (
  stack: readonly KubeObject[],
  manifests: readonly KubeObject[],
  route: KubeObject,
): readonly KubeObject[] => {
  const made = new Set(manifests.map(({ kind }) => kind));
  const stays = stack.filter(({ kind }) => !made.has(kind) && kind !== 'HTTPRoute');
  const { name, namespace = 'default' } = route.metadata;
  const { apiVersion, kind } = route;
  return [...stays, ...manifests, { apiVersion, kind, spec: route['spec'], metadata: { name, namespace } }];
};

export const promotions = (given: () => Setting): void => {
  let scene: Scene;
  let now: readonly KubeObject[] = [];

  test('node update: promoted, on nodes of the node pool that GKE made', async () => {
    const startedMs = performance.now();
    const setting = given();
    const { plane, sluice, fleet, world } = setting;
    scene = await createScene(setting, 'default');
    const rollout = rolloutOf(scene.stack, 'node', 'node-update');
    expect((await scene.plan(rollout)).findings.filter(({ severity }) => severity === 'E')).toEqual([]);
    const id = await scene.start(rollout);
    await sluice.until(id, 'at 100 %', ({ state }) => state.state === 'retaining');
    const pods = await plane.api.json<{ items: readonly Pod[] }>({
      path: `/api/v1/namespaces/default/pods?labelSelector=app%3D${POOL}-new`,
    });
    const pool = world
      .handlers()
      .gke.listNodePools({ cluster: world.parameters.clusters[0]?.name ?? '' }).value;
    const made = pool.kind === 'ok' ? pool.value.filter(({ name }) => name.startsWith('h200')) : [];
    expect(made).toHaveLength(1);
    expect((pods?.items ?? []).map(({ spec }) => spec.nodeName ?? '')).toEqual(
      Array(3).fill(expect.stringContaining(made[0]?.name ?? 'none')),
    );
    await sluice.until(id, 'finished', finished);
    expect(await tell(setting, scene, id, { fleet, startedMs })).toEqual({
      state: 'promoted',
      shares: [0, 10, 50, 100],
      usersFailed: 0,
      replayMatches: true,
    });
    expect(await scene.weights()).toEqual({ [`${POOL}-new`]: 100 });
    expect(await scene.names('apps/v1/deployments')).toEqual([`${POOL}-epp-new`, `${POOL}-new`]);
    expect(fleet.sentTo('default', `${POOL}-new`)).toBeGreaterThan(10_000);
    now = stackAfter(scene.stack, rollout.manifests, await scene.route());
  });

  test('then a base model in its place: a second rollout, promoted', async () => {
    const startedMs = performance.now();
    const setting = given();
    const { sluice, fleet, plane } = setting;
    const rollout = rolloutOf(now, 'baseModel', 'base-model');
    const id = await scene.start(rollout);
    await sluice.until(id, 'finished', finished);
    expect(await tell(setting, scene, id, { fleet, startedMs })).toEqual({
      state: 'promoted',
      shares: [0, 10, 50, 100],
      usersFailed: 0,
      replayMatches: true,
    });
    expect(await scene.weights()).toEqual({ [`${POOL}-new-new`]: 100 });
    const asked = auditedRequests(plane.folder, 'sluice').filter(({ uri }) => uri.includes('/default/'));
    console.log(`cluster: ${asked.length} requests by Sluice to this namespace in two rollouts`);
    expect(asked.filter(({ status }) => status === 403)).toEqual([]);
  });
};
