/** Asking one pod while it is verified: again after a lost answer, and again until it is warm. */
import { textAt } from '../../../workflows/plans/fields.ts';
import type { FindingCode } from '../../../workflows/plans/finding-codes.ts';
import { finding } from '../../../workflows/plans/findings.ts';
import type { Finding, Plan } from '../../../workflows/plans/plan.ts';
import type { AskResult, PodTarget, Ports } from '../../../workflows/ports.ts';
import { all } from '../all.ts';
import { parseJson } from './served-models.ts';
import { COMPLETIONS_PATH } from './verify-requests.ts';

/** First uses stall for about 15 s; what is slower than this has not been used before, or is sick. */
export const STALL_MS = 5_000;
/** Two first uses at once wait for each other. */
const TIMEOUT_MS = 30_000;
const TRIES_MAX = 2;
const REPEATS_MAX = 10;

export interface PodCheck {
  readonly ports: Ports;
  readonly plan: Plan;
  readonly target: PodTarget;
  /** No further request begins after this. */
  readonly endMs: number;
}

/** What keeps a pod from being called right. */
export type NotRight =
  | { readonly kind: 'wrong'; readonly findings: readonly Finding[] }
  /** Not reached, not warm yet, out of time: nothing is known to be wrong. */
  | { readonly kind: 'unfinished'; readonly why: string };

/** A question that got no answer is asked again: a lost packet is no reason to begin the whole pass anew. */
export const ask = async (
  { ports, plan, target }: PodCheck,
  method: 'GET' | 'POST',
  path: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<AskResult> => {
  let result: AskResult = { kind: 'unanswered', why: 'not asked' };
  for (let tries = 0; tries < TRIES_MAX && result.kind === 'unanswered'; tries += 1)
    result = await ports.models.ask({
      cluster: plan.cluster,
      namespace: plan.namespace,
      target,
      method,
      path,
      ...(body === undefined ? {} : { body }),
      timeoutMs: TIMEOUT_MS,
    });
  return result;
};

/** "Not now" of a server that is up. */
export const isBusy = (status: number): boolean => status === 429 || status === 503;

export const unfinished = (why: string): NotRight => ({ kind: 'unfinished', why });

export const unreachable = ({ target }: PodCheck, why: string): NotRight =>
  unfinished(`pod ${target.pod} is not reached: ${why}`);

export const wrong = ({ plan, target }: PodCheck, code: FindingCode, what: string): NotRight => ({
  kind: 'wrong',
  findings: [finding(code, `Pod ${plan.namespace}/${target.pod}`, what)],
});

export interface Completion {
  readonly body: Readonly<Record<string, unknown>>;
  readonly code: FindingCode;
  /** With its model, e.g. `plain completion of llama`. */
  readonly label: string;
  /** What is wrong with the body of a 200; null when nothing is. */
  readonly fault: (body: string) => string | null;
}

export type Completed =
  | { readonly kind: 'answered'; readonly body: string; readonly asked: number }
  | NotRight;

/** The same request again until it does not stall. */
export const completeWarm = async (check: PodCheck, completion: Completion): Promise<Completed> => {
  const { pod } = check.target;
  const { body, code, label, fault } = completion;
  for (let asked = 1; asked <= REPEATS_MAX; asked += 1) {
    if ((await check.ports.time.now({})) >= check.endMs) return unfinished(`pod ${pod} is not warm yet`);
    const result = await ask(check, 'POST', COMPLETIONS_PATH, body);
    if (result.kind === 'unanswered') return unreachable(check, result.why);
    if (isBusy(result.status)) return unfinished(`pod ${pod} answers ${result.status}`);
    const found = result.status === 200 ? fault(result.body) : sayError(result.status, result.body);
    if (found !== null) return wrong(check, code, `A ${label}: ${found}.`);
    if (result.elapsedMs <= STALL_MS) return { kind: 'answered', body: result.body, asked };
  }
  return unfinished(`pod ${pod}: a ${label} stalls again and again`);
};

const sayError = (status: number, body: string): string => {
  const message = textAt(parseJson(body), 'error', 'message');
  return `it answers ${status}${message === null ? '' : `, ${message.replace(/\.$/, '')}`}`;
};

export type AllCompleted =
  /** In the order of the requests. */
  { readonly kind: 'answered'; readonly bodies: readonly string[]; readonly asked: number } | NotRight;

/** Two requests in flight per pod, no more: it may be a pod that people use. The first that is not right ends it. */
export const completeAll = async (
  check: PodCheck,
  completions: readonly Completion[],
): Promise<AllCompleted> => {
  const queue = [...completions.entries()];
  const bodies: string[] = [];
  let asked = 0;
  let ended: NotRight | null = null;
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && ended === null; next = queue.shift()) {
      const [index, completion] = next;
      const completed = await completeWarm(check, completion);
      if (completed.kind !== 'answered') {
        ended = completed;
        return;
      }
      bodies[index] = completed.body;
      asked += completed.asked;
    }
  };
  await all([worker(), worker()]);
  return ended ?? { kind: 'answered', bodies, asked };
};
