/** Plays of a demo that are compared with how the cluster was before. */
import type { DemoInput } from '../../local/demo-input.ts';
import type { DemoRun } from '../../local/demo-result.ts';
import { runVirtualDemo } from '../../local/run-virtual-demo.ts';
import type { World } from '../../simulator/world/world.ts';
import { must } from '../../workflows/assert.ts';

/** What controllers write by themselves, and where they live. */
const OTHERS = new Set(['Pod', 'Node', 'Event', 'Namespace']);

/** Everything that people have put into a cluster, but for what the API server counts and controllers report. */
const contentsOf = (world: World, cluster: string): ReadonlyMap<string, string> => {
  const kube = must(world.kube(cluster), 'the cluster');
  const found = new Map<string, string>();
  for (const { group, plural, kind, versions } of kube.served) {
    if (OTHERS.has(kind)) continue;
    for (const object of kube.all({ group, plural, kind, version: versions[0] ?? '' })) {
      const {
        resourceVersion: _version,
        generation: _counted,
        managedFields: _owners,
        ...metadata
      } = object.metadata;
      const { status: _reported, ...rest } = object;
      const name = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
      found.set(name, JSON.stringify({ ...rest, metadata }));
    }
  }
  return found;
};

export interface Played {
  readonly run: DemoRun;
  readonly world: World;
  readonly before: ReadonlyMap<string, string>;
  readonly after: ReadonlyMap<string, string>;
}

export const playDemo = async (input: DemoInput): Promise<Played> => {
  const { cluster } = input.rollout.spec;
  const seen: { world: World; before: ReadonlyMap<string, string> }[] = [];
  const onWorld = (world: World): void => void seen.push({ world, before: contentsOf(world, cluster) });
  const end = await runVirtualDemo(input, { seed: 1, requestsPerSecond: 150 }, { onWorld });
  if (end.kind !== 'ran') throw new Error(JSON.stringify(end));
  const { world, before } = must(seen[0], 'the world of the demo');
  return { run: end.run, world, before, after: contentsOf(world, cluster) };
};

/** Names of what is not as it was, byte for byte. */
export const differences = ({ before, after }: Played): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name) !== after.get(name))
    .toSorted();
