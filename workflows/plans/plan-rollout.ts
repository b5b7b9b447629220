import { RESOURCES } from '../kubernetes.ts';
import { canonicalJson, sha256Hex } from '../spec/canonical.ts';
import type { Manifests, RolloutSpec } from '../spec/rollout-spec.ts';
import { finding, sortFindings } from './findings.ts';
import type { ObservedCluster } from './observed-cluster.ts';
import type { Finding, Plan, PlanResult } from './plan.ts';
import { baseModelFindings, planBaseModel } from './plan-base-model.ts';
import { nodeFindings, planNode } from './plan-node.ts';
import { takeSurvey } from './survey.ts';

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
  const isNode = spec.type === 'node';
  const findings = sortFindings(isNode ? nodeFindings(survey) : baseModelFindings(survey));
  if (findings.some((one) => blocks(one, spec.acknowledge))) return { kind: 'refused', findings };
  const plan = isNode ? planNode(survey) : planBaseModel(survey);
  return { kind: 'planned', plan, hash: planHash(plan), findings };
};

const blocks = (one: Finding, acknowledged: readonly string[]): boolean =>
  one.severity === 'E' || (one.severity === 'W' && !acknowledged.includes(one.code));

const poolMissing = (spec: RolloutSpec): Finding =>
  finding(
    'pool-missing',
    `${RESOURCES.inferencePool.kind} ${spec.namespace}/${spec.from.pool}`,
    `Cluster ${spec.cluster} has no InferencePool ${spec.from.pool} in namespace ${spec.namespace}.`,
  );
