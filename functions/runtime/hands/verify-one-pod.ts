/** Verifying one new pod: every pod is asked, not a sample, because what is loaded is loaded per pod. */
import type { Plan } from '../../../workflows/plans/plan.ts';
import { readServedModels } from './served-models.ts';
import {
  ask,
  type Completion,
  completeAll,
  isBusy,
  type NotRight,
  type PodCheck,
  unfinished,
  unreachable,
  wrong,
} from './verify-asks.ts';
import { type Effects, effectsOn } from './verify-effect.ts';
import { bodyOf, PROBES, type ProbeKind } from './verify-requests.ts';

/** Adapters are loaded by a sidecar after the server is ready. */
const NAMES_GRACE_MS = 60_000;
const NAMES_RETRY_MS = 5_000;

export type PodVerdict =
  | {
      readonly kind: 'right';
      readonly checks: number;
      /** How far its adapters are from the base model. */
      readonly effects: Effects;
    }
  | NotRight;

export const verifyOnePod = async (check: PodCheck): Promise<PodVerdict> => {
  const health = await ask(check, 'GET', '/health');
  if (health.kind === 'unanswered') return unreachable(check, health.why);
  if (isBusy(health.status)) return unfinished(`pod ${check.target.pod}: /health says ${health.status}`);
  if (health.status !== 200) return wrong(check, 'verify-health', `GET /health answers ${health.status}.`);
  const notRight = await checkModels(check);
  if (notRight !== null) return notRight;
  const answered = await completeAll(check, completionsOf(check.plan));
  if (answered.kind !== 'answered') return answered;
  const measured = await effectsOn(check, check.plan);
  if (measured.kind !== 'measured') return measured;
  return { kind: 'right', checks: 2 + answered.asked + measured.asked, effects: measured.effects };
};

/** Names that must be there. Both versions of an adapter, in a rollout of one: the rest was there before it. */
const namesOf = ({ verify, adapter }: Plan): readonly string[] => {
  if (adapter !== undefined) return [adapter.to, adapter.from];
  return verify.effect?.mode === 'off' ? verify.servedNames : [...verify.servedNames, ...verify.adapters];
};

/** Names and context length. A missing name gets a while: then it is not being loaded, it is missing. */
const checkModels = async (check: PodCheck): Promise<NotRight | null> => {
  const { verify } = check.plan;
  const { pod } = check.target;
  const startMs = await check.ports.time.now({});
  for (;;) {
    const result = await ask(check, 'GET', '/v1/models');
    if (result.kind === 'unanswered') return unreachable(check, result.why);
    if (isBusy(result.status)) return unfinished(`pod ${pod}: /v1/models says ${result.status}`);
    const models = readServedModels(result);
    if (models === null)
      return wrong(
        check,
        'verify-names',
        `GET /v1/models answers ${result.status} without a list of models.`,
      );
    const served = new Set(models.map((model) => model.id));
    const missing = namesOf(check.plan).filter((name) => !served.has(name));
    if (missing.length > 0) {
      const nowMs = await check.ports.time.wait({ ms: NAMES_RETRY_MS });
      if (nowMs - startMs < NAMES_GRACE_MS) continue;
      return wrong(
        check,
        'verify-names',
        `It does not serve ${missing.join(', ')}; it serves ${[...served].sort().join(', ') || 'nothing'}.`,
      );
    }
    const shortest = verify.maxModelLenMin;
    const short = models.find(
      (model) =>
        model.parent === null &&
        model.maxModelLen !== null &&
        shortest !== null &&
        model.maxModelLen < shortest,
    );
    if (short === undefined) return null;
    return wrong(
      check,
      'verify-context',
      `${short.id} takes ${short.maxModelLen ?? 0} tokens, at least ${shortest ?? 0} are needed.`,
    );
  }
};

const completionOf = (model: string, kind: ProbeKind): Completion => ({
  body: bodyOf(model, kind),
  code: kind.code,
  label: `${kind.label} of ${model}`,
  fault: kind.fault,
});

/** Every kind of request to every model, then as many again as the warm-up asks for. Of an adapter's old version one. */
const completionsOf = (plan: Plan): readonly Completion[] => {
  const { adapter, verify } = plan;
  const models = adapter === undefined ? namesOf(plan) : [adapter.to];
  const once = models.flatMap((model) => PROBES.map((kind) => completionOf(model, kind)));
  const completions = [...once];
  while (once.length > 0 && completions.length < verify.warmUpRequests)
    completions.push(...once.slice(0, verify.warmUpRequests - completions.length));
  const stillServed =
    adapter === undefined ? [] : PROBES.slice(0, 1).map((kind) => completionOf(adapter.from, kind));
  return [...completions, ...stillServed];
};
