import type { Backend, Backends } from './backends.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { Gateways } from './gateway.ts';
import { adapterSlowness } from './load-adapter.ts';
import type { StreamParameters } from './parameters.ts';
import type { Pod } from './pod.ts';
import type { Random } from './random.ts';
import { byName, countAnswers, failOf, type NamePart } from './requests-by-name.ts';
import type { Rewrites } from './rewrites.ts';
import type { ProgrammedRule } from './routing.ts';
import { type Server, serves } from './server.ts';
import { arrive, blockedUntilMs, refuse, serviceMs } from './serving.ts';
import { type FailureKind, type Tally, tallyFailures, tallyRequests } from './tally.ts';

/** Failed requests of a stretch of time. */
export interface FailureRecord {
  readonly fromMs: number;
  readonly toMs: number;
  /** `InferencePool` or Service name; null where no backend took it. */
  readonly backend: string | null;
  readonly kind: FailureKind;
  readonly count: number;
}

export interface Stream {
  parameters: StreamParameters;
  readonly cluster: Cluster;
}

/** Failure records that are kept. */
const RECORDS_MAX = 20_000;

/** What the traffic is made of and goes through. */
export interface Flow {
  readonly engine: Engine;
  readonly backends: Backends;
  readonly gateways: Gateways;
  readonly random: Random;
  /** null: pickers pass every name on. */
  readonly rewrites: Rewrites | null;
  /** For what is drawn about names alone. */
  readonly names: Random;
  readonly streams: Stream[];
  readonly total: Tally;
  readonly failures: FailureRecord[];
  lastMs: number;
  observedMs: number;
  /** Rule of each stream and front end, for one state of the gateways. */
  rules: (ProgrammedRule | null)[][];
  rulesRevision: number;
  readonly weights: Float64Array;
  readonly clusters: readonly Cluster[];
}

/** One stretch: from, to, and whose requests. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stream: StreamParameters;
}

/** Puts failed requests on record. */
export function fail(
  flow: Flow,
  stretch: Pick<Stretch, 'fromMs' | 'toMs'>,
  backend: Backend | null,
  failed: { kind: FailureKind; count: number },
): void {
  const { kind, count } = failed;
  if (count === 0) return;
  tallyFailures(flow.total, stretch.toMs - 1, kind, count);
  if (backend !== null) tallyFailures(backend.tally, stretch.toMs - 1, kind, count);
  if (flow.failures.length < RECORDS_MAX) {
    flow.failures.push({
      fromMs: stretch.fromMs,
      toMs: stretch.toMs,
      backend: backend?.name ?? null,
      kind,
      count,
    });
  }
}

/** Kinds of requests in a stream, as far as their kernels differ. */
function kindsOf(stream: StreamParameters, server: Server, parts: readonly NamePart[]): readonly string[] {
  const kinds: string[] = [];
  if (stream.streamed < 1) kinds.push('plain');
  if (stream.streamed > 0) kinds.push('stream');
  for (const { target } of parts) if (server.adapters.has(target)) kinds.push(`adapter:${target}`);
  return kinds;
}

/** The first use of each kind stalls the server. */
export function warmUp(server: Server, kinds: readonly string[], atMs: number, firstUseMs: number): void {
  if (server.warm.has('*')) return;
  for (const kind of kinds) {
    if (server.warm.has(kind)) continue;
    server.warm.add(kind);
    if (blockedUntilMs(server) <= atMs) server.heldSinceMs = atMs;
    server.stalledUntilMs = Math.max(server.stalledUntilMs, atMs) + firstUseMs;
  }
}

/** Takes the requests off the parts whose target the server does not have; returns how many. */
function unknownOf(parts: readonly NamePart[], server: Server): number {
  let unknown = 0;
  for (const part of parts) {
    if (serves(server, part.target)) continue;
    unknown += part.count;
    part.tally.failed += part.count;
    part.tally.notFound += part.count;
    part.count = 0;
  }
  return unknown;
}

type Answered = 'serverError' | 'streamError' | 'notFound';

function intoServer(
  flow: Flow,
  stretch: Stretch,
  backend: Backend,
  to: { readonly pod: Pod; readonly server: Server; readonly count: number },
): void {
  const { pod, server, count } = to;
  const { stream } = stretch;
  const parts = byName(flow, stream, { backend, pod, count, atMs: stretch.toMs - 1 });
  let left = count;
  const answerBadly = (kind: Answered, n: number): void => {
    if (n === 0) return;
    left -= n;
    refuse(server, stream.path, kind, n);
    fail(flow, stretch, backend, { kind, count: n });
  };
  answerBadly('notFound', unknownOf(parts, server));
  const kind = server.failAs === '500' ? 'serverError' : 'streamError';
  if (blockedUntilMs(server) <= stretch.fromMs) {
    const failed = flow.random.binomial(left, server.failShare);
    failOf(parts, failed, flow.names);
    answerBadly(kind, failed);
  }
  if (left === 0) return;
  const served = parts.filter((part) => part.count > 0);
  warmUp(server, kindsOf(stream, server, served), stretch.fromMs, flow.engine.parameters.serving.firstUseMs);
  answered(flow, stretch, to, served);
  server.share = backend.lastShare;
  arrive(server, stream.path, left, stream.outputTokens);
}

/** What the picker counts of answers, and which adapters are in use. */
function answered(
  flow: Flow,
  { toMs, stream }: Stretch,
  { pod, server }: { readonly pod: Pod; readonly server: Server },
  parts: readonly NamePart[],
): void {
  const { serving, adapterSources } = flow.engine.parameters;
  const seconds = serviceMs(pod, server, serving, stream.outputTokens) / 1000;
  for (const { target, counted, count } of parts) {
    if (server.adapters.has(target)) server.adapterUse.set(target, toMs);
    if (counted === null) continue;
    const slowness = adapterSlowness(server, target, adapterSources);
    countAnswers(counted, { count, seconds: seconds * slowness, tokens: stream.outputTokens });
  }
}

/** Requests that end before a server has read their names. */
function unread(
  flow: Flow,
  stretch: Stretch,
  backend: Backend,
  to: { readonly pod: Pod; readonly count: number; readonly kind: FailureKind },
): void {
  const atMs = stretch.toMs - 1;
  for (const { tally, count } of byName(flow, stretch.stream, { backend, ...to, atMs }))
    tally.failed += count;
  fail(flow, stretch, backend, { kind: to.kind, count: to.count });
}

function intoPod(
  flow: Flow,
  stretch: Stretch,
  backend: Backend,
  to: { readonly pod: Pod; readonly count: number },
): void {
  const { pod, count } = to;
  const { server } = pod;
  if (count === 0) return;
  if (server === null) {
    const alive = pod.role.kind === 'other' && pod.stage === 'up';
    if (!alive) unread(flow, stretch, backend, { pod, count, kind: 'connectRefused' });
  } else if (server.refusing) unread(flow, stretch, backend, { pod, count, kind: 'terminated' });
  else intoServer(flow, stretch, backend, { pod, server, count });
}

/** How much the picker likes a pod: the less is in it, the more. */
export function liking(flow: Flow, pod: Pod): number {
  const inside =
    pod.server === null
      ? 0.3
      : (pod.server.running + 2 * pod.server.waiting) / flow.engine.parameters.serving.concurrency;
  return 1 / (0.1 + inside);
}

function spread(flow: Flow, stretch: Stretch, backend: Backend, count: number): void {
  const { rotation } = backend;
  const { weights } = flow;
  let sum = 0;
  for (let index = 0; index < rotation.length; index++) {
    const pod = rotation[index];
    if (pod === undefined) continue;
    const liked = liking(flow, pod);
    weights[index] = liked;
    sum += liked;
  }
  const offset = flow.random.uniform();
  let given = 0;
  let upTo = 0;
  for (let index = 0; index < rotation.length; index++) {
    const pod = rotation[index];
    if (pod === undefined) continue;
    upTo += ((weights[index] ?? 0) / sum) * count;
    const last = index === rotation.length - 1;
    const next = last ? count : Math.min(count, Math.floor(upTo + offset));
    intoPod(flow, stretch, backend, { pod, count: next - given });
    given = next;
  }
}

function intoBackend(flow: Flow, stretch: Stretch, backend: Backend, count: number): void {
  tallyRequests(backend.tally, stretch.toMs - 1, count);
  backend.streamed = stretch.stream.streamed;
  if (!backend.exists) fail(flow, stretch, backend, { kind: 'noBackend', count });
  else if (!backend.pickerUp && !backend.failOpen) fail(flow, stretch, backend, { kind: 'noPicker', count });
  else if (backend.rotation.length === 0) fail(flow, stretch, backend, { kind: 'noEndpoint', count });
  else if (count > 0) spread(flow, stretch, backend, count);
}

/** Sends requests by a rule's weights. */
export function intoRule(flow: Flow, stretch: Stretch, rule: ProgrammedRule | null, count: number): void {
  tallyRequests(flow.total, stretch.toMs - 1, count);
  if (rule === null) {
    fail(flow, stretch, null, { kind: 'noRoute', count });
    return;
  }
  if (rule.weightSum <= 0) {
    fail(flow, stretch, null, { kind: 'noWeight', count });
    return;
  }
  let left = count;
  let weightLeft = rule.weightSum;
  for (const { backend, weight } of rule.backends) {
    const part = weight === weightLeft ? left : flow.random.binomial(left, weight / weightLeft);
    left -= part;
    weightLeft -= weight;
    if (backend === null) {
      fail(flow, stretch, null, { kind: 'noBackend', count: part });
      continue;
    }
    backend.lastShare = weight / rule.weightSum;
    if (weight > 0) intoBackend(flow, stretch, backend, part);
  }
}
