import { judge } from '../steps/gates/judges.ts';
import type { RolloutContext } from './context.ts';
import type { Verdict } from './stored.ts';

/** The judges' answers on the evidence of the present rung, as it stands now. */
export const verdictsNow = (context: RolloutContext): readonly Verdict[] => {
  const rung = context.rung < 0 ? undefined : context.course?.ladder[context.rung];
  if (rung === undefined || context.course === null) return [];
  return judge({
    gates: context.course.gates,
    judges: rung.judges,
    evidence: context.evidence,
    pools: { old: context.course.oldPool, new: context.course.newPool },
    windowMs: [context.bake.sinceMs ?? context.nowMs, context.nowMs],
    sharePercent: context.confirmedPercent,
  });
};
