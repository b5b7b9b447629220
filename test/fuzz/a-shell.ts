/** The production doors over a world in which nothing is lost or late: what goes wrong is what came in. */
import { createDoors } from '../../functions/doors.ts';
import { createShell, type Shell } from '../../functions/runtime/shell.ts';
import { createDirectPorts } from '../../simulator/ports/direct-ports.ts';
import { createWorldStore, type WorldStore } from '../../simulator/world/store.ts';
import { createWorld } from '../../simulator/world/world.ts';
import type { Doors } from '../../workflows/door-types.ts';
import type { Ports } from '../../workflows/ports.ts';
import { storeFailure } from '../../workflows/rollout/store-failure.ts';
import { VERSIONS } from '../../workflows/rollout/versions.ts';
import { CLUSTERS, NAMESPACE, OLD_SIDE, POLICY } from '../helpers/simulated-rollout.ts';

export interface FuzzedShell {
  readonly doors: Doors;
  readonly shell: Shell;
  readonly store: WorldStore;
  /** `SEVERITY code` of each line. */
  readonly log: readonly string[];
}

/** @param change puts something between the shell and the world. */
export const aShell = (change: (ports: Ports) => Ports = (ports) => ports): FuzzedShell => {
  const world = createWorld({
    seed: 1,
    clusters: CLUSTERS,
    stacks: [{ objects: OLD_SIDE, namespace: NAMESPACE }],
    alertPolicies: [{ name: POLICY, displayName: 'llm-new 5xx', condition: null }],
  });
  const store = createWorldStore({ clock: () => world.nowMs });
  const log: string[] = [];
  const { ports } = createDirectPorts({
    world,
    handlers: { ...world.handlers(), store: store.handlers },
    toError: ({ code, message }) => storeFailure(code, message),
    log: (severity, code) => log.push(`${severity} ${code}`),
  });
  const shell = createShell({ ports: change(ports), versions: VERSIONS, instanceId: 'fuzz' });
  return { doors: createDoors(shell), shell, store, log };
};
