import { checkFloating, checkPrompts, planEffect, servedByOld } from './models.ts';
import type { Finding, Plan } from './plan.ts';
import { commonFindings, commonPlan } from './plan-common.ts';
import type { Survey } from './survey.ts';

/** Same model, new hardware: the new side must serve exactly what the old one serves. */
export const nodeFindings = (survey: Survey): readonly Finding[] => [
  ...commonFindings(survey),
  ...checkFloating(survey),
  ...checkPrompts(survey, servedByOld(survey).adapters),
];

export const planNode = (survey: Survey): Plan => {
  const served = servedByOld(survey);
  return {
    ...commonPlan(survey),
    verify: {
      servedNames: served.names,
      adapters: served.adapters,
      maxModelLenMin: served.maxModelLen,
      warmUpRequests: survey.spec.verify.warmUpRequests,
      deadlineMs: survey.spec.verify.deadlineMs,
      ...planEffect(survey, served.adapters, served.names[0]),
    },
  };
};
