/** I9, of routes: a write changes weights of the two pools, adds or removes their refs, and sets annotations of our own. */
import type { Order, Seen, SeenObject, SeenWrite } from '../seen.ts';
import { commandOf, outcomeOf } from './journal.ts';
import { lifeOf } from './lives.ts';
import { at, canonical, listAt, type Ref, refsByRule, SHARE_EPSILON, shareOf, weightOf } from './routes.ts';
import { objectAt, routePlace, timelineOf } from './timeline.ts';

const OURS = 'sluice.dev/';

/** The API server keeps these itself. */
const SERVERS: ReadonlySet<string> = new Set(['managedFields', 'resourceVersion', 'generation']);

const without = (value: unknown, dropped: (key: string) => boolean): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => !dropped(key)));

/** Metadata but for what the server keeps and for our annotations; no annotations are as good as an empty map of them. */
export const foreignMetadata = (object: SeenObject | null): string => {
  const annotations = without(object?.metadata.annotations, (key) => key.startsWith(OURS));
  const rest = without(object?.metadata, (key) => SERVERS.has(key) || key === 'annotations');
  return canonical({ rest, annotations });
};

/** Everything of an object but its metadata and the field named. */
export const restOf = (object: SeenObject | null, field: string): string =>
  canonical({
    top: without(object, (key) => key === 'metadata' || key === 'spec'),
    spec: without(object?.['spec'], (key) => key === field),
  });

const ruleRests = (object: SeenObject | null): readonly string[] =>
  listAt(object, 'spec', 'rules').map((rule) => canonical(without(rule, (key) => key === 'backendRefs')));

/** A ref but for its weight. */
const identity = ({ canonical: text }: Ref): string => {
  const ref = JSON.parse(text) as Readonly<Record<string, unknown>>;
  return canonical(without(ref, (key) => key === 'weight'));
};

const pools = (refs: readonly Ref[], side: 'old' | 'new'): readonly Ref[] =>
  refs.filter((ref) => ref.side === side);

const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, index) => text === other[index]);

/** What a rule has been since before the rollout's first write; what it was may be written again on the way back. */
interface Past {
  readonly order: Order;
  /** The refs that each earlier version of the route gave to the rules of the same number. */
  readonly rules: readonly (readonly (readonly Ref[])[])[];
  /** Told to write ours again, or on the way back: what others wrote is overwritten. */
  readonly mayOverwrite: boolean;
}

/** Writes of others that overwrote refs count as a past too. */
const pastOf = (seen: Seen, order: Order, write: SeenWrite): Past => {
  const timeline = timelineOf(seen);
  const writes = timeline.writes(routePlace(order, write.name));
  const entries = lifeOf(seen, order.rolloutId ?? '')?.entries ?? [];
  // What the plan read is a past, even where others wrote between it and our first write, or while it was made.
  const planned = entries.findIndex((entry) => outcomeOf(entry) === 'planned');
  const readMs = entries.slice(0, planned + 1).findLast(({ to }) => to === 'preflight')?.atMs ?? write.atMs;
  const firstMs = Math.min(readMs, timeline.routeWrites(order.rolloutId ?? '')[0]?.atMs ?? write.atMs);
  const began = objectAt(writes, firstMs - 1) ?? writes[0]?.before ?? null;
  const since = writes.filter(({ atMs }) => atMs >= firstMs && atMs <= write.atMs);
  const objects = [began, ...since.map(({ before }) => before)];
  const specs = objects.filter((object, index) => object?.['spec'] !== objects[index - 1]?.['spec']);
  const isBack = entries.some(
    (entry) =>
      entry.atMs <= write.issuedAtMs &&
      (entry.to === 'rollingBack' ||
        entry.message.kind === 'recordExecuted' ||
        (commandOf(entry) === 'resume' && at(entry.message, 'command', 'drift') === 'reapply')),
  );
  return { order, rules: [began, ...specs].map((object) => refsByRule(object, order)), mayOverwrite: isBack };
};

/** Versions of one rule, the present one left out. */
const versions = (past: Past, index: number): readonly (readonly Ref[])[] =>
  past.rules.map((rules) => rules[index] ?? []);

/** Weights of a rule: each backend's that is not ours, by what it is, and our pools' together. */
interface Parts {
  readonly others: readonly (readonly [identity: string, weight: number])[];
  readonly pools: number;
}

const partsOf = (refs: readonly Ref[]): Parts => ({
  others: refs.filter(({ side }) => side === 'other').map((ref) => [identity(ref), ref.weight] as const),
  pools: weightOf(refs, 'old') + weightOf(refs, 'new'),
});

const isInProportion = (weight: number, oldWeight: number, is: Parts, was: Parts): boolean =>
  was.pools === 0 || is.pools === 0 || Math.abs(weight - (oldWeight * is.pools) / was.pools) < 1;

/**
 * The same backends with the same part of the traffic. All weights of a rule may be multiplied where a share asks for it;
 * what integers cannot express is off by less than one.
 */
const keepsOthers = (is: Parts, was: Parts): boolean =>
  is.others.length === was.others.length &&
  is.others.every(([name, weight], index) => {
    const [oldName, oldWeight] = was.others[index] ?? ['', 0];
    return (
      name === oldName && (weight === 0) === (oldWeight === 0) && isInProportion(weight, oldWeight, is, was)
    );
  });

const problemOfOthers = (
  before: readonly Ref[],
  after: readonly Ref[],
  past: Past,
  index: number,
): string | null => {
  const is = partsOf(after);
  if (keepsOthers(is, partsOf(before))) return null;
  const isOld = versions(past, index).some((refs) => keepsOthers(is, partsOf(refs)));
  return isOld && past.mayOverwrite
    ? null
    : `changed the part of others in rule ${index}: ${told(before)} became ${told(after)}`;
};

/** `llm 97 · pages 3` */
const told = (refs: readonly Ref[]): string =>
  refs.map(({ name, weight }) => `${name} ${weight}`).join(' · ') || 'none';

/** Refs of our pools keep everything but their weight; one that comes has been there, or is the new pool's. */
const problemOfPools = (
  before: readonly Ref[],
  after: readonly Ref[],
  past: Past,
  index: number,
): string | null => {
  const known = new Set([before, ...versions(past, index)].flat().map(identity));
  for (const ref of pools(after, 'old'))
    if (!known.has(identity(ref)))
      return `rule ${index} got a ref of the old pool that nobody had written: ${ref.canonical}`;
  const oldIdentities = [before, ...versions(past, index)].flat().filter(({ side }) => side === 'old');
  if (pools(after, 'new').length > pools(before, 'new').length && oldIdentities.length === 0)
    return `rule ${index} got the new pool, though the old one has no part in it`;
  if (pools(after, 'new').length > Math.max(1, pools(before, 'new').length))
    return `rule ${index} names the new pool ${pools(after, 'new').length} times`;
  for (const ref of pools(after, 'new')) {
    const stays = pools(before, 'new').some((one) => one.name === ref.name);
    if (stays && !known.has(identity(ref)))
      return `more than the weight of the new pool's ref in rule ${index} changed: ${ref.canonical}`;
  }
  return null;
};

/** A rule that gives neither pool anything, and never did, is not ours to touch. */
const problemOfRule = (
  before: readonly Ref[],
  after: readonly Ref[],
  past: Past,
  index: number,
): string | null => {
  const problem = problemOfOthers(before, after, past, index) ?? problemOfPools(before, after, past, index);
  if (problem !== null) return problem;
  const [was, is] = [shareOf(before), shareOf(after)];
  const isRaise = is !== null && is > (was ?? 0) + SHARE_EPSILON;
  return isRaise && was === null && !past.mayOverwrite && pools(before, 'old').length === 0
    ? `rule ${index} gave the old pool no part and now gives the new one ${is} %`
    : null;
};

/** What a write to a route changed that is not ours to change; null: nothing. */
export const problemOfRoute = (seen: Seen, order: Order, write: SeenWrite): string | null => {
  const { before, after } = write;
  if (foreignMetadata(before) !== foreignMetadata(after)) return 'changed metadata that are not ours';
  if (restOf(before, 'rules') !== restOf(after, 'rules')) return 'changed more than its rules';
  if (!same(ruleRests(before), ruleRests(after))) return 'changed more of its rules than their backends';
  const [was, is] = [refsByRule(before, order), refsByRule(after, order)];
  const past = pastOf(seen, order, write);
  for (const [index, refs] of is.entries()) {
    const old = was[index] ?? [];
    if (
      same(
        old.map((ref) => ref.canonical),
        refs.map((ref) => ref.canonical),
      )
    )
      continue;
    const problem = problemOfRule(old, refs, past, index);
    if (problem !== null) return problem;
  }
  return null;
};
