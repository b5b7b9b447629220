/** What GKE does with machines: a node pool of the simulated GKE that runs has KWOK nodes in the real cluster. */
import type { World } from '../../../simulator/world/world.ts';
import type { NodePool } from '../../../workflows/ports.ts';
import type { ApiClient } from '../control-plane/api-client.ts';
import { addKwokNodes, removeNodes, type Taint } from '../control-plane/nodes.ts';

export interface NodePoolNodes {
  /** Looks at the node pools: new ones get nodes, those that are gone lose theirs. */
  look(): void;
  /** Resolves when all that was seen is done. */
  settled(): Promise<void>;
}

const EFFECTS = {
  NO_SCHEDULE: 'NoSchedule',
  PREFER_NO_SCHEDULE: 'PreferNoSchedule',
  NO_EXECUTE: 'NoExecute',
} as const satisfies Record<string, Taint['effect']>;

const addNodes = async (api: ApiClient, world: World, pool: NodePool): Promise<void> => {
  const { machineType, labels, taints = [] } = pool.config;
  const { gpus, accelerator } = world.parameters.machineTypes[machineType] ?? { gpus: 0, accelerator: null };
  const zones = pool.locations.length > 0 ? pool.locations : ['us-central1-a'];
  for (const zone of zones)
    await addKwokNodes(api, {
      nodePool: pool.name,
      count: pool.initialNodeCount,
      zone,
      machineType,
      gpus,
      ...(accelerator === null ? {} : { accelerator }),
      ...(labels === undefined ? {} : { labels }),
      taints: taints.map(({ key, value, effect }) => ({ key, value, effect: EFFECTS[effect] })),
    });
};

/** Beside one cluster of the world. */
export const createNodePoolNodes = (api: ApiClient, world: World, cluster: string): NodePoolNodes => {
  const { gke } = world.handlers('gke');
  const present = new Set<string>();
  let work: Promise<void> = Promise.resolve();
  let broken: unknown = null;
  const then = (what: () => Promise<unknown>): void => {
    work = work.then(what).then(
      () => undefined,
      (error: unknown) => {
        broken ??= error;
      },
    );
  };
  return {
    look() {
      const listed = gke.listNodePools({ cluster }).value;
      if (listed.kind !== 'ok') return;
      const running = listed.value.filter(({ status }) => status === 'RUNNING');
      for (const pool of running) {
        if (present.has(pool.name)) continue;
        present.add(pool.name);
        then(() => addNodes(api, world, pool));
      }
      for (const name of present) {
        if (listed.value.some((pool) => pool.name === name)) continue;
        present.delete(name);
        then(() => removeNodes(api, name));
      }
    },
    async settled() {
      await work;
      if (broken !== null) throw new Error('nodes of a node pool', { cause: broken });
    },
  };
};
