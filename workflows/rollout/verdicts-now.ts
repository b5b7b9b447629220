import { judge } from '../steps/gates/judges.ts';
import { splitOfRung } from '../steps/gates/tripwires.ts';
import type { RolloutContext } from './context.ts';
import type { Verdict } from './stored.ts';

/** The judges' answers on the evidence of the present rung, as it stands now. */
export const verdictsNow = (context: RolloutContext): readonly Verdict[] => {
  const { course } = context;
  const rung = context.rung < 0 ? undefined : course?.ladder[context.rung];
  if (rung === undefined || course === null) return [];
  const call = {
    gates: course.gates,
    evidence: context.evidence,
    pools: { old: course.oldPool, new: course.newPool },
    windowMs: [context.bake.sinceMs ?? context.nowMs, context.nowMs] as const,
    sharePercent: context.confirmedPercent,
  };
  const verdicts = judge({ ...call, judges: rung.judges }).map((verdict) => notLongAgo(verdict, context));
  return [...verdicts, ...unprovedSplit(context, call)];
};

/**
 * Nobody can say how it went since: what was seen longer ago than this is no pass. A bake's judges are asked right after a
 * look, so this is the time that its calls and the commit may take.
 */
const EVIDENCE_AGE_MAX_MS = 30_000;

const notLongAgo = (verdict: Verdict, { evidence, nowMs }: RolloutContext): Verdict => {
  const ageMs = nowMs - (evidence.lastAtMs ?? 0);
  if (verdict.answer !== 'pass' || ageMs <= EVIDENCE_AGE_MAX_MS) return verdict;
  const sentence = `${verdict.sentence}, but the last look is ${Math.round(ageMs / 1000)} s old: inconclusive`;
  return { ...verdict, answer: 'inconclusive', sentence };
};

type View = Omit<Parameters<typeof judge>[0], 'judges'>;

/** A share that did not arrive was not judged: inconclusive. Nothing is said of one that did. */
const unprovedSplit = (context: RolloutContext, view: View): readonly Verdict[] => {
  const off = splitOfRung(
    { ...view, confirmedAtMs: context.clocks.programmedMs, replicas: context.course?.replicas ?? 0 },
    context.course?.pacing.settleMs ?? 0,
  );
  if (off === null) return [];
  const { gate, samples, newValue, oldValue, limit, sentence } = off;
  return [
    { gate, answer: 'inconclusive', windowMs: view.windowMs, samples, newValue, oldValue, limit, sentence },
  ];
};
