import { must } from '../assert.ts';
import { checkMappings, checkPrompts, planEffect, servedByOld } from './models.ts';
import type { Finding, Plan } from './plan.ts';
import { commonFindings, commonPlan } from './plan-common.ts';
import type { Survey } from './survey.ts';

/** New model: every served name and every adapter must be mapped. */
export const baseModelFindings = (survey: Survey): readonly Finding[] => [
  ...commonFindings(survey),
  ...checkMappings(survey),
  ...checkPrompts(survey, keptAdapters(survey)),
];

const keptAdapters = ({ spec }: Survey): readonly string[] =>
  Object.keys(spec.to.adapters)
    .filter((adapter) => spec.to.adapters[adapter] === 'same')
    .sort();

export const planBaseModel = (survey: Survey): Plan => {
  const { model } = survey.spec.to;
  const kept = keptAdapters(survey);
  const { servedNames, maxModelLen } = must(model, 'to.model of a baseModel rollout');
  return {
    ...commonPlan(survey),
    verify: {
      servedNames: [...servedNames].sort(),
      adapters: kept,
      // A shorter context that was declared is acknowledged; one that was not may not be shorter than the old one.
      maxModelLenMin: maxModelLen ?? servedByOld(survey).maxModelLen,
      warmUpRequests: survey.spec.verify.warmUpRequests,
      deadlineMs: survey.spec.verify.deadlineMs,
      ...planEffect(survey, kept, servedNames.toSorted()[0]),
    },
  };
};
