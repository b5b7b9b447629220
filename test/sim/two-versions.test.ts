import { describe, expect, test } from 'vitest';
import { createSimulatedCloud } from '../../local/simulated-cloud.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { replay } from '../../workflows/rollout/replay.ts';
import { CURRENT_VERSION, VERSIONS } from '../../workflows/rollout/versions.ts';
import { readStack, rolloutFile, secondPool } from '../helpers/gaie-rollout.ts';
import { sharedPath } from '../helpers/shared.ts';
import { nextVersions } from '../simulation/stage/next-version.ts';

const HOST = 'second.example.com';

/** The published stack in another namespace, for another host. */
const inNamespace = (stack: readonly KubeObject[], namespace: string): KubeObject[] =>
  stack
    .filter((object) => !object.kind.startsWith('Cluster'))
    .map(
      (object) =>
        JSON.parse(
          JSON.stringify(object).replaceAll('"namespace":"default"', `"namespace":"${namespace}"`),
        ) as KubeObject,
    )
    .map((object): KubeObject => ({ ...object, metadata: { ...object.metadata, namespace } }))
    .map((object) =>
      object.kind === 'HTTPRoute'
        ? { ...object, spec: { ...(object['spec'] as object), hostnames: [HOST] } }
        : object,
    );

describe('two versions of the machine at once', () => {
  test('each runs its own rollouts to the end; old code leaves the new ones alone', async () => {
    const folder = sharedPath('manifests', 'gaie-v1.0.1');
    if (folder === null) throw new Error('the published serving stack is not at hand');
    const both = nextVersions();
    expect(both.get('2')?.hash).not.toBe(VERSIONS.get(CURRENT_VERSION)?.hash);
    const stack = readStack(folder);
    const cloud = createSimulatedCloud({
      world: {
        seed: 3,
        stacks: [{ objects: stack }, { objects: inNamespace(stack, 'serving') }],
        traffic: [{ requestsPerSecond: 20 }, { requestsPerSecond: 20, host: HOST }],
      },
      instances: 2,
      versions: (instance) => (instance === 0 ? VERSIONS : both),
      startVersion: (instance) => (instance === 0 ? CURRENT_VERSION : '2'),
    });

    const started = [];
    for (const requestId of ['a', 'b'])
      started.push(
        await cloud.call('POST', '/v1/rollouts', {
          requestId,
          file: rolloutFile({
            name: `second-${requestId}`,
            namespace: requestId === 'a' ? 'default' : 'serving',
          }),
          manifests: secondPool(stack, requestId === 'a' ? 'default' : 'serving'),
        }),
      );
    expect(started.map(({ status }) => status)).toEqual([201, 201]);
    const documents = () => [...cloud.store.truth.documents.values()];
    await cloud.scheduler.run({
      until: () =>
        documents().every((document) => document.finishedAtMs !== null && document.wakeAtMs === null),
      untilMs: cloud.scheduler.nowMs + 12 * 3_600_000,
    });

    expect(
      documents()
        .map((document) => `${document.machineVersion} ${document.state}`)
        .toSorted((one, other) => one.localeCompare(other)),
    ).toEqual(['1 promoted', '2 promoted']);
    for (const document of documents()) {
      const entries = [...(cloud.store.truth.journals.get(document.rolloutId)?.values() ?? [])];
      expect(replay(document, entries, both)).toMatchObject({ kind: 'matches' });
    }
  });
});
