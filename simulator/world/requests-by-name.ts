import type { Backend } from './backends.ts';
import type { StreamParameters } from './parameters.ts';
import type { Pod } from './pod.ts';
import type { Random } from './random.ts';
import type { Rewrites, Target } from './rewrites.ts';
import { createTally, type Tally, tallyRequests } from './tally.ts';

/** Requests of one name that were sent to one target, as their clients and their picker see them. */
export interface NameTally {
  /** What clients asked for. */
  readonly asked: string;
  /** What the model servers were asked for. */
  readonly target: string;
  requests: number;
  /** As far as it is known whose they were: what was in a process that died is not. */
  failed: number;
  /** Of these, answered 404. */
  notFound: number;
}

/** With the last minutes in cells. */
export interface NameRecord extends NameTally {
  readonly recent: Tally;
}

/** What one picker process has counted of a name and target. It sees no failure of a model server. */
export interface PickerCount {
  readonly asked: string;
  readonly target: string;
  requests: number;
  /** Of the requests that were answered. */
  seconds: number;
  /** Answers that told how many tokens they have, and the sum of their seconds per token. */
  withTokens: number;
  secondsPerToken: number;
}

/** Answers that a picker has seen the end of. */
export function countAnswers(
  counted: PickerCount,
  { count, seconds, tokens }: { readonly count: number; readonly seconds: number; readonly tokens: number },
): void {
  counted.seconds += seconds * count;
  if (tokens <= 0) return;
  counted.withTokens += count;
  counted.secondsPerToken += (seconds / tokens) * count;
}

/** Requests of one stretch of time to one pod. */
export interface NamePart {
  readonly target: string;
  readonly tally: NameTally;
  /** null: no picker has seen them. */
  readonly counted: PickerCount | null;
  count: number;
}

interface Names {
  readonly rewrites: Rewrites | null;
  /** A stream of its own: traffic without names stays as it is. */
  readonly names: Random;
}

function entryIn<T>(entries: Map<string, T>, asked: string, target: string, make: () => T): T {
  // Most names pass unchanged, and no name has a line break.
  const key = asked === target ? asked : `${asked}\n${target}`;
  const known = entries.get(key);
  if (known !== undefined) return known;
  const made = make();
  entries.set(key, made);
  return made;
}

/** The picker that serves: the first one that is up. */
const servingPicker = ({ pickers }: Backend): Pod | undefined =>
  pickers.find((pod) => pod.stage === 'up' && pod.inRotation && !pod.probeFails);

/** A name, and what became of it. */
interface Named {
  readonly asked: string;
  readonly target: string;
}

/** Counts requests of a name to a target. */
export function namePart(backend: Backend, { asked, target }: Named, count: number, atMs: number): NamePart {
  const tally = entryIn(backend.names, asked, target, (): NameRecord => {
    return { asked, target, requests: 0, failed: 0, notFound: 0, recent: createTally() };
  });
  tally.requests += count;
  tallyRequests(tally.recent, atMs, count);
  const picker = servingPicker(backend);
  if (picker === undefined) return { target, tally, counted: null, count };
  const counted = entryIn(picker.counted, asked, target, (): PickerCount => {
    return { asked, target, requests: 0, seconds: 0, withTokens: 0, secondsPerToken: 0 };
  });
  counted.requests += count;
  return { target, tally, counted, count };
}

/** What the pool's picker makes of a name; a pool without one that serves passes it on unchanged. */
export function targetsIn({ rewrites }: Names, backend: Backend, asked: string): readonly Target[] | null {
  if (rewrites === null || backend.kind !== 'InferencePool') return null;
  const targets = rewrites.targetsOf(backend.cluster, backend.namespace, backend.name, asked);
  return targets === null || servingPicker(backend) === undefined ? null : targets;
}

/** The name that clients mean who name none: the first one that the pod's server has. */
export const defaultName = ({ role }: Pod): string =>
  role.kind === 'server' ? (role.config.names[0] ?? role.config.root) : '';

/** Divides a stream's requests to a pod by what they ask for, and these by what the picker makes of it. */
export function byName(
  flow: Names,
  stream: StreamParameters,
  to: { readonly backend: Backend; readonly pod: Pod; readonly count: number; readonly atMs: number },
): readonly NamePart[] {
  const { backend, pod, count, atMs } = to;
  const parts: NamePart[] = [];
  const add = (asked: string, of: number): void => {
    if (of > 0) parts.push(...targetParts(flow, backend, { asked, count: of, atMs }));
  };
  let left = count;
  let partLeft = 1;
  for (const asked in stream.models) {
    const part = stream.models[asked] ?? 0;
    const of = partLeft <= part ? left : flow.names.binomial(left, part / partLeft);
    partLeft -= part;
    left -= of;
    add(asked, of);
  }
  add(defaultName(pod), left);
  return parts;
}

function targetParts(
  flow: Names,
  backend: Backend,
  { asked, count, atMs }: { readonly asked: string; readonly count: number; readonly atMs: number },
): readonly NamePart[] {
  const targets = targetsIn(flow, backend, asked);
  if (targets === null) return [namePart(backend, { asked, target: asked }, count, atMs)];
  const parts: NamePart[] = [];
  let left = count;
  let weightLeft = targets.reduce((sum, { weight }) => sum + weight, 0);
  for (const { name, weight } of targets) {
    const of = weight >= weightLeft ? left : flow.names.binomial(left, weight / weightLeft);
    weightLeft -= weight;
    left -= of;
    if (of > 0) parts.push(namePart(backend, { asked, target: name }, of, atMs));
  }
  return parts;
}

/** Takes failed requests off the parts, in the parts' proportions. */
export function failOf(parts: readonly NamePart[], failed: number, names: Random): void {
  let left = failed;
  let all = parts.reduce((sum, { count }) => sum + count, 0);
  for (const part of parts) {
    const of = part.count >= all ? left : Math.min(part.count, names.binomial(left, part.count / all));
    all -= part.count;
    left -= of;
    part.count -= of;
    part.tally.failed += of;
  }
}
