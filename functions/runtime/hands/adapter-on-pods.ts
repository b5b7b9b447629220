/** Which versions of an adapter its pods serve now: what is loaded is loaded per pod, and lost when one restarts. */
import type { AdapterPlan, Plan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { all } from '../all.ts';
import { readyTargets } from './ready-targets.ts';
import { readServedModels } from './served-models.ts';

const ASK_TIMEOUT_MS = 5_000;

export type OnPods =
  | {
      readonly kind: 'known';
      readonly pods: readonly {
        readonly pod: string;
        /** null: it did not say. */
        readonly names: ReadonlySet<string> | null;
      }[];
    }
  | { readonly kind: 'unknown'; readonly why: string };

/** Every ready pod of every pool of the adapter, and the names that it lists. */
export const adapterOnPods = async (ports: Ports, plan: Plan, adapter: AdapterPlan): Promise<OnPods> => {
  const found = await all(adapter.pools.map((pool) => readyTargets(ports, plan, pool)));
  const lost = found.findIndex((targets) => targets === null);
  if (lost >= 0) return { kind: 'unknown', why: `pods of ${adapter.pools[lost]?.pool} cannot be listed` };
  const targets = found.flatMap((one) => one ?? []);
  const { cluster, namespace } = plan;
  const answers = await all(
    targets.map((target) =>
      ports.models.ask({
        cluster,
        namespace,
        target,
        method: 'GET',
        path: '/v1/models',
        timeoutMs: ASK_TIMEOUT_MS,
      }),
    ),
  );
  return {
    kind: 'known',
    pods: targets.map(({ pod }, index) => {
      const answer = answers[index];
      const models = answer === undefined ? null : readServedModels(answer);
      return { pod, names: models === null ? null : new Set(models.map(({ id }) => id)) };
    }),
  };
};
