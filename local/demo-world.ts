/** The world that a demo plays in: the stack of the input, the scenario's faults, the clients. */
import type { WorldInput } from '../simulator/world/parameters.ts';
import { RESOURCES } from '../workflows/kubernetes.ts';
import type { DemoInput } from './demo-input.ts';
import type { RouteName } from './scenarios.ts';
import { worldOf } from './simulated-stack.ts';

/** The stack has served for so long when the rollout begins, ms: caches are warm and there are figures. */
export const DEMO_BEFORE_MS = 10 * 60_000;

const NO_ROUTE: RouteName = { namespace: '', name: '' };

/** The first route of the stack that names the old pool. */
export const routeOf = ({ stack, rollout }: DemoInput): RouteName => {
  const found = stack.find(
    (object) =>
      object.kind === RESOURCES.httpRoute.kind &&
      JSON.stringify(object['spec'] ?? {}).includes(`"name":${JSON.stringify(rollout.spec.from.pool)}`),
  );
  if (found === undefined) return NO_ROUTE;
  return { namespace: found.metadata.namespace ?? 'default', name: found.metadata.name };
};

export const demoWorld = (
  input: DemoInput,
  settings: { readonly seed: number; readonly requestsPerSecond: number },
): WorldInput & { readonly seed: number } => {
  const { scenario, stack, rollout } = input;
  const base = worldOf({ stack, spec: rollout.spec, manifests: rollout.manifests });
  const { requestsPerSecond, seed } = settings;
  return {
    ...base,
    traffic: (base.traffic ?? []).map((stream) => ({ ...stream, requestsPerSecond })),
    ...scenario.world(rollout.spec, routeOf(input)),
    seed,
  };
};
