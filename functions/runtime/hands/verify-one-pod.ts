/** Verifying one new pod: every pod is asked, not a sample, because what is loaded is loaded per pod. */

import { textAt } from '../../../workflows/plans/fields.ts';
import type { FindingCode } from '../../../workflows/plans/finding-codes.ts';
import { finding } from '../../../workflows/plans/findings.ts';
import type { Finding, Plan } from '../../../workflows/plans/plan.ts';
import type { AskResult, Ports } from '../../../workflows/ports.ts';
import { all } from '../all.ts';
import { parseJson, readServedModels } from './served-models.ts';
import { bodyOf, COMPLETIONS_PATH, PROBES, type ProbeKind } from './verify-requests.ts';

/** First uses stall for about 15 s; what is slower than this has not been used before, or is sick. */
export const STALL_MS = 5_000;
/** Two first uses at once wait for each other. */
const TIMEOUT_MS = 30_000;
/** Adapters are loaded by a sidecar after the server is ready. */
const NAMES_GRACE_MS = 60_000;
const NAMES_RETRY_MS = 5_000;
const REPEATS_MAX = 10;

export type PodVerdict =
  | { readonly kind: 'right'; readonly checks: number }
  | { readonly kind: 'wrong'; readonly findings: readonly Finding[] }
  /** Not reached, not warm yet, out of time: nothing is known to be wrong. */
  | { readonly kind: 'unfinished'; readonly why: string };

export interface PodCheck {
  readonly ports: Ports;
  readonly plan: Plan;
  readonly pod: string;
  /** No further request begins after this. */
  readonly endMs: number;
}

export const verifyOnePod = async (check: PodCheck): Promise<PodVerdict> => {
  const health = await ask(check, 'GET', '/health');
  if (health.kind === 'unanswered') return unreachable(check, health.why);
  if (isBusy(health.status))
    return { kind: 'unfinished', why: `pod ${check.pod}: /health says ${health.status}` };
  if (health.status !== 200) return wrong(check, 'verify-health', `GET /health answers ${health.status}.`);
  const models = await checkModels(check);
  if (models.kind !== 'right') return models;
  return checkCompletions(check);
};

const TRIES_MAX = 2;

/** A question that got no answer is asked again: a lost packet is no reason to begin the whole pass anew. */
const ask = async (
  check: PodCheck,
  method: 'GET' | 'POST',
  path: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<AskResult> => {
  let result: AskResult = { kind: 'unanswered', why: 'not asked' };
  for (let tries = 0; tries < TRIES_MAX && result.kind === 'unanswered'; tries += 1)
    result = await check.ports.models.ask({
      cluster: check.plan.cluster,
      namespace: check.plan.namespace,
      target: { pod: check.pod, port: check.plan.new.port },
      method,
      path,
      ...(body === undefined ? {} : { body }),
      timeoutMs: TIMEOUT_MS,
    });
  return result;
};

/** "Not now" of a server that is up. */
const isBusy = (status: number): boolean => status === 429 || status === 503;

const unreachable = (check: PodCheck, why: string): PodVerdict => ({
  kind: 'unfinished',
  why: `pod ${check.pod} is not reached: ${why}`,
});

const wrong = (check: PodCheck, code: FindingCode, what: string): PodVerdict => ({
  kind: 'wrong',
  findings: [finding(code, `Pod ${check.plan.namespace}/${check.pod}`, what)],
});

/** Names and context length. A missing name gets a while: then it is not being loaded, it is missing. */
const checkModels = async (check: PodCheck): Promise<PodVerdict> => {
  const { verify } = check.plan;
  const startMs = await check.ports.time.now({});
  for (;;) {
    const result = await ask(check, 'GET', '/v1/models');
    if (result.kind === 'unanswered') return unreachable(check, result.why);
    if (isBusy(result.status))
      return { kind: 'unfinished', why: `pod ${check.pod}: /v1/models says ${result.status}` };
    const models = readServedModels(result);
    if (models === null)
      return wrong(
        check,
        'verify-names',
        `GET /v1/models answers ${result.status} without a list of models.`,
      );
    const served = new Set(models.map((model) => model.id));
    const missing = [...verify.servedNames, ...verify.adapters].filter((name) => !served.has(name));
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
    if (short !== undefined)
      return wrong(
        check,
        'verify-context',
        `${short.id} takes ${short.maxModelLen ?? 0} tokens, at least ${shortest ?? 0} are needed.`,
      );
    return { kind: 'right', checks: 2 };
  }
};

interface Probe {
  readonly model: string;
  readonly kind: ProbeKind;
}

/** Every kind of request to every model, then as many again as the warm-up asks for. */
const probesOf = (plan: Plan): readonly Probe[] => {
  const models = [...plan.verify.servedNames, ...plan.verify.adapters];
  const once = models.flatMap((model) => PROBES.map((kind): Probe => ({ model, kind })));
  const probes = [...once];
  while (once.length > 0 && probes.length < plan.verify.warmUpRequests)
    probes.push(...once.slice(0, plan.verify.warmUpRequests - probes.length));
  return probes;
};

/** Two requests in flight per pod, no more: it may be a pod that colleagues use already. */
const checkCompletions = async (check: PodCheck): Promise<PodVerdict> => {
  const queue = [...probesOf(check.plan)];
  let checks = 2;
  let ended: PodVerdict | null = null;
  const worker = async (): Promise<void> => {
    for (let probe = queue.shift(); probe !== undefined && ended === null; probe = queue.shift()) {
      const verdict = await probeUntilWarm(check, probe);
      if (verdict.kind === 'right') checks += verdict.checks;
      else ended = verdict;
    }
  };
  await all([worker(), worker()]);
  return ended ?? { kind: 'right', checks };
};

/** The same request again until it does not stall. */
const probeUntilWarm = async (check: PodCheck, probe: Probe): Promise<PodVerdict> => {
  const { kind, model } = probe;
  for (let count = 1; count <= REPEATS_MAX; count += 1) {
    if ((await check.ports.time.now({})) >= check.endMs)
      return { kind: 'unfinished', why: `pod ${check.pod} is not warm yet` };
    const result = await ask(check, 'POST', COMPLETIONS_PATH, bodyOf(model, kind));
    if (result.kind === 'unanswered') return unreachable(check, result.why);
    if (isBusy(result.status))
      return { kind: 'unfinished', why: `pod ${check.pod} answers ${result.status}` };
    const fault = result.status === 200 ? kind.fault(result.body) : sayError(result.status, result.body);
    if (fault !== null) return wrong(check, kind.code, `A ${kind.label} of ${model}: ${fault}.`);
    if (result.elapsedMs <= STALL_MS) return { kind: 'right', checks: count };
  }
  return { kind: 'unfinished', why: `pod ${check.pod}: a ${kind.label} of ${model} stalls again and again` };
};

const sayError = (status: number, body: string): string => {
  const message = textAt(parseJson(body), 'error', 'message');
  return `it answers ${status}${message === null ? '' : `, ${message.replace(/\.$/, '')}`}`;
};
