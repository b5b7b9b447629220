import { RESOURCES } from '../kubernetes.ts';
import { canonicalJson, sha256Hex } from '../spec/canonical.ts';
import type { Manifests, RolloutSpec } from '../spec/rollout-spec.ts';
import { finding, sortFindings } from './findings.ts';
import type { ObservedCluster } from './observed-cluster.ts';
import type { Finding, Plan, PlanResult } from './plan.ts';
import { adapterFindings, planAdapter } from './plan-adapter.ts';
import { baseModelFindings, planBaseModel } from './plan-base-model.ts';
import { nodeFindings, planNode } from './plan-node.ts';
import { type Survey, takeSurvey } from './survey.ts';

/** SHA-256 over the plan's canonical JSON: equal for two plans of an unchanged cluster. */
export const planHash = (plan: Plan): string => sha256Hex(canonicalJson(plan));

/**
 * The plan of a rollout, or everything that speaks against it, all at once. Pure: equal arguments, equal result.
 * Refused when there is an error, or a warning whose code the file does not acknowledge.
 */
export const planRollout = (
  spec: RolloutSpec,
  manifests: Manifests,
  observed: ObservedCluster,
): PlanResult => {
  const survey = takeSurvey(spec, manifests, observed);
  if (survey === null) return { kind: 'refused', findings: [poolMissing(spec)] };
  const { find, make } = PLANNERS[spec.type];
  const findings = sortFindings(find(survey));
  if (findings.some((one) => blocks(one, spec.acknowledge))) return { kind: 'refused', findings };
  const plan = make(survey);
  return { kind: 'planned', plan, hash: planHash(plan), findings };
};

interface Planner {
  readonly find: (survey: Survey) => readonly Finding[];
  /** Only for a survey without errors. */
  readonly make: (survey: Survey) => Plan;
}

const PLANNERS: Readonly<Record<RolloutSpec['type'], Planner>> = {
  node: { find: nodeFindings, make: planNode },
  baseModel: { find: baseModelFindings, make: planBaseModel },
  adapter: { find: adapterFindings, make: planAdapter },
};

const blocks = (one: Finding, acknowledged: readonly string[]): boolean =>
  one.severity === 'E' || (one.severity === 'W' && !acknowledged.includes(one.code));

const poolMissing = (spec: RolloutSpec): Finding =>
  finding(
    'pool-missing',
    `${RESOURCES.inferencePool.kind} ${spec.namespace}/${spec.from.pool}`,
    `Cluster ${spec.cluster} has no InferencePool ${spec.from.pool} in namespace ${spec.namespace}.`,
  );
