import { addEvenly, addFirstTokens } from './first-token.ts';
import { crowdingOf } from './load-adapter.ts';
import type { ServingParameters } from './parameters.ts';
import type { Pod } from './pod.ts';
import type { Random } from './random.ts';
import { httpCounts, type Server } from './server.ts';

const PROMPT_TOKENS = 200;
/** Requests until half of a cache is warm. */
const CACHE_HALF_LIFE = 1500;
/** Part of the answers that end at their length limit. */
const CUT_SHORT = 0.3;
const OUTPUT_TOKENS = 100;

/** Before this time no completion is answered: the process hangs or compiles kernels. */
export function blockedUntilMs(server: Server): number {
  return Math.max(server.hungUntilMs, server.stalledUntilMs);
}

const slownessOf = (pod: Pod, server: Server): number => (pod.node?.slowness ?? 1) * server.slowFactor;

/** Time that one request takes when nothing waits, milliseconds. */
export function serviceMs(
  pod: Pod,
  server: Server,
  serving: ServingParameters,
  outputTokens: number,
): number {
  return (serving.firstTokenMs + outputTokens * serving.tokenMs) * slownessOf(pod, server);
}

function medianFirstTokenMs(
  pod: Pod,
  server: Server,
  { serving, atMs }: { readonly serving: ServingParameters; readonly atMs: number },
): number {
  const load = server.running / serving.concurrency;
  const warmth = server.warm.has('*') ? 1 : server.served / (server.served + CACHE_HALF_LIFE);
  const hits = warmth * (0.3 + 0.7 * server.share);
  return (
    serving.firstTokenMs *
    slownessOf(pod, server) *
    crowdingOf(server, atMs) *
    (1 + 0.5 * load) *
    (1 + serving.coldCache * (1 - hits))
  );
}

/** Puts a request's path on record; its completion will be counted under it. */
export function arrive(server: Server, handler: string, count: number, outputTokens: number): void {
  server.arriving += count;
  server.arrivingTokens += count * outputTokens;
  server.handlers.set(handler, (server.handlers.get(handler) ?? 0) + count);
}

function countHttp(server: Server, completed: number): void {
  let total = 0;
  for (const count of server.handlers.values()) total += count;
  let left = completed;
  let rest = server.handlers.size;
  for (const [handler, count] of server.handlers) {
    rest--;
    const part = rest === 0 ? left : Math.min(left, Math.round((completed * count) / Math.max(1, total)));
    left -= part;
    httpCounts(server, 'POST', handler).ok += part;
  }
}

function complete(server: Server, completed: number, outputTokens: number, random: Random): void {
  if (completed === 0) return;
  countHttp(server, completed);
  const { success } = server.counters;
  const cut = random.round(completed * CUT_SHORT);
  success.length += cut;
  success.stop += completed - cut;
  server.counters.promptTokens += completed * PROMPT_TOKENS;
  server.counters.generationTokens += Math.round(completed * outputTokens);
  server.served += completed;
}

function setInside(server: Server, total: number, concurrency: number): void {
  server.running = Math.min(total, concurrency);
  server.waiting = total - server.running;
}

/** Holds what arrives while the server is blocked; returns how much that is. */
function hold(server: Server, count: number, fromMs: number, blockedPart: number): number {
  if (server.held === 0) server.heldSinceMs = fromMs;
  const early = Math.round(count * blockedPart);
  server.held += early;
  return early;
}

/** What was held gets its first token, after a wait between nothing and the whole block. */
function release(server: Server, untilMs: number): void {
  if (server.held === 0) return;
  addEvenly(server.counters.firstToken, server.held, 0, Math.max(1, untilMs - server.heldSinceMs));
  server.held = 0;
}

/**
 * One stretch of a pod's queue, with what arrived in it. Below its concurrency the number inside relaxes exponentially to
 * arrival rate times service time (the mean of an M/M/∞ queue); above, it serves at full rate and the rest waits.
 */
export function serve(
  pod: Pod,
  server: Server,
  stretch: { readonly fromMs: number; readonly toMs: number },
  by: { readonly serving: ServingParameters; readonly random: Random },
): void {
  const { fromMs, toMs } = stretch;
  const { serving, random } = by;
  const { concurrency } = serving;
  const count = server.arriving;
  const before = server.running + server.waiting;
  if (before === 0 && count === 0) return;
  const outputTokens = count > 0 ? server.arrivingTokens / count : OUTPUT_TOKENS;
  server.arriving = 0;
  server.arrivingTokens = 0;
  const blockedMs = Math.min(toMs, Math.max(fromMs, blockedUntilMs(server)));
  const early = blockedMs > fromMs ? hold(server, count, fromMs, (blockedMs - fromMs) / (toMs - fromMs)) : 0;
  if (blockedMs >= toMs) {
    setInside(server, before + count, concurrency);
    return;
  }
  release(server, blockedMs);
  const oneMs = serviceMs(pod, server, serving, outputTokens);
  const x = (toMs - blockedMs) / oneMs;
  const all = before + count;
  const late = count - early;
  const decay = Math.exp(-x);
  const relaxed = (all - late) * decay + (late * (1 - decay)) / x;
  // Not more than `concurrency` at once can have been worked on.
  const left = Math.min(all, random.round(Math.max(relaxed, all - concurrency * x)));
  const waitMs = (server.waiting * oneMs) / concurrency;
  addFirstTokens(
    server.counters.firstToken,
    late,
    medianFirstTokenMs(pod, server, { serving, atMs: toMs }) + waitMs,
    random.uniform(),
  );
  complete(server, all - left, outputTokens, random);
  setInside(server, left, concurrency);
}

/** Requests that the server itself answers with an error at once. */
export function refuse(
  server: Server,
  handler: string,
  kind: 'serverError' | 'streamError' | 'notFound',
  count: number,
): void {
  const counts = httpCounts(server, 'POST', handler);
  if (kind === 'serverError') counts.server += count;
  else if (kind === 'notFound') counts.client += count;
  else {
    counts.ok += count;
    server.counters.success.error += count;
  }
}
