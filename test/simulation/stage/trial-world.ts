import type { ScheduledAct } from '../../../simulator/world/acts.ts';
import type { ClusterParameters, WorldInput } from '../../../simulator/world/parameters.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { Trial, TrialStack } from '../trial.ts';
import { ALIASES, BASE_NAME, namesOf } from './adapter-stack.ts';
import { CLUSTER_NAMES, policyOf } from './rollout-text.ts';
import { adaptersOf, EXAMPLE, hostOf, machinesOf, namespaceOf, stackObjects } from './stack-objects.ts';

/** Machines for everything that the cluster's stacks may want at one time. */
const clusterOf = (name: string, stacks: readonly (readonly [number, TrialStack])[]): ClusterParameters => {
  let h100 = 1;
  let h200 = 1;
  for (const [, stack] of stacks) {
    // A base model's pods name no machines: they may land on either kind.
    h100 += machinesOf(stack) * (stack.type === 'baseModel' ? 2 : 1);
    h200 += machinesOf(stack) * (stack.type === 'baseModel' ? 2 : 1);
  }
  return {
    name,
    namespaces: ['default', ...stacks.map(([index]) => namespaceOf(index))],
    nodePools: [
      { name: 'default-pool', machineType: 'e2-standard-8', nodes: 1 + Math.ceil(stacks.length / 2) },
      { name: 'h100', machineType: 'a3-highgpu-8g', nodes: h100 },
      { name: 'h200', machineType: 'a3-ultragpu-8g', nodes: h200 },
    ],
    quotas: {},
    ...kindsOf(stacks.map(([, stack]) => stack)),
  };
};

/** A cluster is of one era: the first stack of adapters on it says of which. */
const kindsOf = (stacks: readonly TrialStack[]): Pick<ClusterParameters, 'adapterKinds'> => {
  const first = stacks.find(({ type }) => type === 'adapter');
  if (first === undefined) return {};
  const { era } = adaptersOf(first);
  return { adapterKinds: era === 'model' ? 'models' : era === 'llm-d' ? 'llm-d' : 'rewrites' };
};

/** Names that clients ask for, with their parts. */
const askedFor = (stack: TrialStack): Readonly<Record<string, number>> => {
  if (stack.type === 'node') return {};
  if (stack.type === 'baseModel') return { [BASE_NAME]: 1 };
  const [first, second] = ALIASES.map((alias) => namesOf(adaptersOf(stack), alias).alias);
  return { [first ?? '']: 0.5, [second ?? '']: 0.3, [BASE_NAME]: 0.2 };
};

/** What Git holds of a stack's route: weights and all. */
const routeInGit = (trial: Trial, stack: number): KubeObject => {
  const found = trial.stacks[stack];
  const route =
    found === undefined ? undefined : stackObjects(found, stack).find(({ kind }) => kind === 'HTTPRoute');
  if (route === undefined) throw new RangeError(`stack ${stack} has no route`);
  return route;
};

/** The world of a trial, as its parameters. */
export const trialWorld = (trial: Trial): WorldInput & { readonly seed: number } => {
  const numbered = trial.stacks.map((stack, index) => [index, stack] as const);
  return {
    seed: trial.seed,
    clusters: CLUSTER_NAMES.map((name, cluster) =>
      clusterOf(
        name,
        numbered.filter(([, stack]) => stack.cluster === cluster),
      ),
    ),
    stacks: numbered.map(([index, stack]) => ({
      cluster: CLUSTER_NAMES[stack.cluster],
      namespace: namespaceOf(index),
      objects: stackObjects(stack, index),
    })),
    traffic: numbered.map(([index, stack]) => ({
      cluster: CLUSTER_NAMES[stack.cluster],
      host: hostOf(index),
      requestsPerSecond: stack.requestsPerSecond,
      models: askedFor(stack),
    })),
    alertPolicies: numbered.map(([index]) => ({
      name: policyOf(index),
      displayName: `team-${index} 5xx`,
      condition: null,
    })),
    gateway: trial.gateway,
    nodePoolFaults: trial.nodePoolFaults,
    gitOps: trial.gitOps.map(({ stack, everyMs, fromMs, forMs }) => ({
      cluster: CLUSTER_NAMES[trial.stacks[stack]?.cluster ?? 0],
      object: routeInGit(trial, stack),
      everyMs,
      fromMs,
      untilMs: fromMs + forMs,
      manager: 'argocd-controller',
    })),
    acts: trial.acts.flatMap(({ when, act }): readonly ScheduledAct[] => {
      if ('afterMs' in when) return [{ when, act }];
      const index = trial.orders[when.order]?.stack ?? 0;
      const stack = trial.stacks[index];
      if (stack === undefined) return [];
      const { percent, forMs } = when;
      const about = trial.orders[when.order]?.adapter;
      const names = about === undefined ? null : namesOf(adaptersOf(stack), about.alias);
      const where = {
        cluster: CLUSTER_NAMES[stack.cluster],
        namespace: namespaceOf(index),
        pool: names === null ? EXAMPLE[stack.type].newPool : EXAMPLE[stack.type].oldPool,
        ...(names === null ? {} : { rewritten: { asked: names.alias, target: names.to } }),
      };
      return [{ when: { ...where, percent, forMs }, act }];
    }),
  };
};
