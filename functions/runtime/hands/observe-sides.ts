import { RESOURCES } from '../../../workflows/kubernetes.ts';
import type { Plan, SidePlan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { readyCount } from '../../../workflows/steps/readiness.ts';
import { all } from '../all.ts';
import { labelSelectorOf } from './label-selector.ts';
import { classify } from './route-io.ts';

/** null: could not be observed. */
export interface SideState {
  readonly ready: number | null;
  /** True where the pool has no picker. */
  readonly pickerReady: boolean | null;
}

/** Ready pods and pickers of both sides, now, in one batch of reads. */
export const observeSides = async (
  ports: Ports,
  plan: Plan,
): Promise<{ readonly old: SideState; readonly new: SideState }> => {
  if (plan.adapter !== undefined) {
    // Both versions run on the same pods.
    const pools = await all(plan.adapter.pools.map((pool) => observe(ports, plan, pool)));
    const both = pools.reduce(together);
    return { old: both, new: both };
  }
  const [oldSide, newSide] = await all([observe(ports, plan, plan.old), observe(ports, plan, plan.new)]);
  return { old: oldSide, new: newSide };
};

/** Of several pools: pods of all, and a picker ready in each. */
const together = (one: SideState, other: SideState): SideState => ({
  ready: one.ready === null || other.ready === null ? null : one.ready + other.ready,
  pickerReady:
    one.pickerReady === null || other.pickerReady === null ? null : one.pickerReady && other.pickerReady,
});

const observe = async (ports: Ports, plan: Plan, side: SidePlan): Promise<SideState> => {
  const [ready, pickers] = await all([
    countReady(ports, plan, side.selector),
    side.picker === null ? 1 : countReady(ports, plan, side.picker.selector),
  ]);
  return { ready, pickerReady: pickers === null ? null : pickers > 0 };
};

const countReady = async (
  ports: Ports,
  plan: Plan,
  selector: Readonly<Record<string, string>>,
): Promise<number | null> => {
  const labelSelector = labelSelectorOf(selector);
  // Without labels the list would be everybody's pods.
  if (labelSelector === '') return null;
  const pods = classify(
    await ports.kubernetes.list({
      cluster: plan.cluster,
      resource: RESOURCES.pod,
      namespace: plan.namespace,
      labelSelector,
      recent: true,
    }),
  );
  return pods.kind === 'ok' ? readyCount(pods.object.items) : null;
};
