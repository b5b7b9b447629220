/**
 * What the distances of all pods together say of each adapter:
 *
 *     new pod    old side          verdict
 *     > ε        any               right; of a new version that equals the old one: a warning
 *     ≤ ε        > ε, or the same pods (a new version)   wrong, naming the pod
 *     ≤ ε        ≤ ε               a warning: these prompts cannot tell
 *
 * One old pod is asked, and only where a new one has no effect: first log probabilities stall a pod that people use.
 */
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import type { FindingCode } from '../../../workflows/plans/finding-codes.ts';
import { finding } from '../../../workflows/plans/findings.ts';
import { isPodReady } from '../../../workflows/plans/inference-pool.ts';
import type { Finding, Plan } from '../../../workflows/plans/plan.ts';
import type { PodTarget } from '../../../workflows/ports.ts';
import { sayKubeAnswer } from './kube-answers.ts';
import { labelSelectorOf } from './label-selector.ts';
import { readServedModels } from './served-models.ts';
import { ask, type NotRight, type PodCheck, unfinished, unreachable } from './verify-asks.ts';
import { EFFECT_MIN, type Effects, effectsOn } from './verify-effect.ts';

type Call = Pick<PodCheck, 'ports' | 'plan' | 'endMs'>;

interface OnPod {
  readonly pod: string;
  readonly effects: Effects;
}

export type Judged = { readonly kind: 'right'; readonly findings: readonly Finding[] } | NotRight;

export const judgeEffects = async (call: Call, pods: readonly OnPod[]): Promise<Judged> => {
  const { plan } = call;
  const mute = pods.flatMap(({ pod, effects }) =>
    Object.entries(effects)
      .filter(([, { fromBase }]) => fromBase <= EFFECT_MIN)
      .map(([name, { fromBase }]) => ({ pod, name, fromBase })),
  );
  if (plan.adapter !== undefined) {
    const findings = mute.map((one) => noEffect(plan, one, null));
    return findings.length > 0
      ? { kind: 'wrong', findings }
      : { kind: 'right', findings: sameAsOld(plan, pods) };
  }
  const names = [...new Set(mute.map(({ name }) => name))];
  if (names.length === 0) return { kind: 'right', findings: [] };
  const old = await oldEffects(call, names);
  if (old.kind !== 'known') return old;
  const hadEffect = (name: string): boolean => (old.effects[name]?.fromBase ?? 0) > EFFECT_MIN;
  const findings = mute
    .filter(({ name }) => hadEffect(name))
    .map((one) => noEffect(plan, one, old.effects[one.name]?.fromBase ?? null));
  if (findings.length > 0) return { kind: 'wrong', findings };
  return {
    kind: 'right',
    findings: names.map((name) => warning('adapter-indistinct', name, mute.length, pods)),
  };
};

const noEffect = (
  { namespace }: Plan,
  { pod, name, fromBase }: { readonly pod: string; readonly name: string; readonly fromBase: number },
  oldFromBase: number | null,
): Finding =>
  finding(
    'adapter-no-effect',
    `Pod ${namespace}/${pod}`,
    `${name} answers exactly like the base model (Δ ${inWords(fromBase)}${oldFromBase === null ? '' : `; on the old side ${inWords(oldFromBase)}`}).`,
  );

const inWords = (distance: number): string => (distance > 1000 ? 'beyond measure' : distance.toFixed(3));

const sameAsOld = (plan: Plan, pods: readonly OnPod[]): readonly Finding[] => {
  const { to, from } = plan.adapter ?? { to: '', from: '' };
  const same = pods.filter(({ effects }) => (effects[to]?.fromOld ?? Number.MAX_VALUE) <= EFFECT_MIN);
  return same.length === 0 ? [] : [warning('adapter-same', `${to} and ${from}`, same.length, pods)];
};

const warning = (code: FindingCode, name: string, count: number, pods: readonly OnPod[]): Finding =>
  finding(code, `Adapter ${name}`, `They cannot be told apart on ${count} of ${pods.length} pods.`);

type OldEffects = { readonly kind: 'known'; readonly effects: Effects } | NotRight;

/** One ready pod of the old side; names that it does not serve had no effect there. */
const oldEffects = async (call: Call, names: readonly string[]): Promise<OldEffects> => {
  const target = await oldPod(call);
  if (typeof target === 'string') return unfinished(target);
  const check: PodCheck = { ...call, target };
  const listed = await ask(check, 'GET', '/v1/models');
  if (listed.kind === 'unanswered') return unreachable(check, listed.why);
  const models = readServedModels(listed) ?? [];
  const served = models.filter(({ id }) => names.includes(id));
  const base = served[0]?.parent ?? models.find(({ parent }) => parent === null)?.id;
  if (served.length === 0 || base === undefined) return { kind: 'known', effects: {} };
  const measured = await effectsOn(check, call.plan, { adapters: served.map(({ id }) => id), base });
  if (measured.kind === 'measured') return { kind: 'known', effects: measured.effects };
  // What is wrong with an old pod is no fault of the new side.
  return measured.kind === 'wrong' ? { kind: 'known', effects: {} } : measured;
};

const oldPod = async ({ ports, plan }: Call): Promise<PodTarget | string> => {
  const listed = await ports.kubernetes.list({
    cluster: plan.cluster,
    resource: RESOURCES.pod,
    namespace: plan.namespace,
    labelSelector: labelSelectorOf(plan.old.selector),
  });
  if (listed.kind === 'noAnswer' || listed.object === undefined) return `pods: ${sayKubeAnswer(listed)}`;
  const pod = listed.object.items.find(isPodReady);
  return pod === undefined
    ? `no pod of ${plan.old.pool} is ready to compare adapters with`
    : { pod: pod.metadata.name, port: plan.old.port };
};
