/**
 * I13: a backendRef goes only after its weight was 0 and confirmed for the drain time, a pod only when idle or drained; a
 * version of an adapter is unloaded only when no target has named it for the drain time.
 */
import type { Checker, Order, Seen, SeenWrite, Violation } from '../seen.ts';
import { type Drained, drainedAt } from './drained.ts';
import { writerOf } from './lives.ts';
import { HTTP_ROUTES, refsByRule, weightOf } from './routes.ts';
import { CONFIG_MAPS, unwants, wants } from './syncer-text.ts';
import { lastAt, newPoolOf, oldPoolOf, routePlace, timelineOf } from './timeline.ts';
import { nameOfWritten, span } from './words.ts';

const INTENT = 'sluice.dev/intent';

/** A rollback does not wait longer than this for a silent gateway. */
const SILENCE_MS = 120_000;

/** Others that wrote so recently may have written between a look and the write. */
const UNSEEN_MS = 5 * 60_000;

/** Older figures say nothing about what is in flight now. */
const FRESH_MS = 15_000;

type Side = 'old' | 'new';

const drained = (seen: Seen, asked: { order: Order; side: Side; route: string; atMs: number }): Drained => {
  const { order, side, route, atMs } = asked;
  const writes = timelineOf(seen).writes(routePlace(order, route));
  return drainedAt(writes, { order, side, atMs, othersSinceMs: atMs - order.drainMs - UNSEEN_MS });
};

/** null: it had been empty for long enough. */
const whyTooEarly = (found: Drained, order: Order, side: Side, atMs: number): string | null => {
  const { zeroSinceMs, confirmedAtMs } = found;
  if (zeroSinceMs === null) return 'while it had weight';
  if (confirmedAtMs !== null && atMs - confirmedAtMs >= order.drainMs) return null;
  const isGivenUp = side === 'new' && atMs - zeroSinceMs >= SILENCE_MS + order.drainMs;
  if (isGivenUp) return null;
  const said =
    confirmedAtMs === null
      ? 'before the gateway had confirmed its weight of 0'
      : `${span(atMs - confirmedAtMs)} after the gateway had confirmed its weight of 0`;
  return `${said}; draining takes ${span(order.drainMs)}`;
};

/** Sides whose last ref in some rule the write takes away. */
const removedSides = (order: Order, { before, after }: SeenWrite): readonly Side[] => {
  const now = refsByRule(after, order);
  const was = refsByRule(before, order);
  return (['old', 'new'] as const).filter((side) =>
    was.some(
      (refs, index) =>
        refs.some((ref) => ref.side === side) && !(now[index] ?? []).some((ref) => ref.side === side),
    ),
  );
};

/** How the route stood when the write was sent, the write itself not counted. */
const removedRefs = (seen: Seen, write: SeenWrite): readonly Violation[] => {
  const rolloutId = writerOf(write);
  const order = timelineOf(seen).order(rolloutId ?? '');
  if (rolloutId === null || order === undefined || write.after === null) return [];
  return removedSides(order, write).flatMap((side) => {
    const atMs = Math.min(write.issuedAtMs, write.atMs - 1);
    const found = drained(seen, { order, side, route: write.name, atMs });
    const hadWeight = refsByRule(write.before, order).some((refs) => weightOf(refs, side) > 0);
    const why = hadWeight ? 'while it had weight' : whyTooEarly(found, order, side, write.issuedAtMs);
    // Whoever removes a ref sees what others have just given it: for its weight there is no excuse.
    if (why === null || (found.touchedByOthers && !hadWeight)) return [];
    return [
      {
        rule: 'I13' as const,
        atMs: write.atMs,
        rolloutId,
        sentence: `${nameOfWritten(write)} lost the ${side} pool's ref ${why}`,
      },
    ];
  });
};

/** Whose pods a deletion takes, and of which side. */
const victimOf = (seen: Seen, write: SeenWrite): { order: Order; side: Side } | null => {
  const object = write.before ?? write.after;
  const intent = object?.metadata.annotations?.[INTENT];
  const maker = intent === undefined ? undefined : timelineOf(seen).order(intent);
  if (maker !== undefined) return { order: maker, side: 'new' };
  const order = seen.orders.find(
    ({ cluster, namespace, rolloutId, oldObjects }) =>
      rolloutId !== null &&
      cluster === write.cluster &&
      namespace === write.namespace &&
      oldObjects.some(({ kind, name }) => kind === object?.kind && name === write.name),
  );
  return order === undefined ? null : { order, side: 'old' };
};

const WORKLOADS: ReadonlySet<string> = new Set(['deployments.apps', 'pods']);

/** Still in a route, or perhaps still at work. */
const removedPods = (seen: Seen, write: SeenWrite): readonly Violation[] => {
  const victim = victimOf(seen, write);
  if (victim === null) return [];
  const { order, side } = victim;
  const { issuedAtMs } = write;
  const pool = side === 'old' ? oldPoolOf(order) : newPoolOf(order);
  const figures = lastAt(timelineOf(seen).traffic(pool), issuedAtMs);
  const isBusy = figures !== undefined && figures.inFlight > 0 && issuedAtMs - figures.atMs <= FRESH_MS;
  return order.routes.flatMap((route) => {
    const found = drained(seen, { order, side, route, atMs: issuedAtMs });
    if (found.touchedByOthers) return [];
    const early = whyTooEarly(found, order, side, issuedAtMs);
    const why = found.isNamed
      ? `while HTTPRoute ${route} named the ${side} pool`
      : early !== null && (found.zeroSinceMs === null || isBusy)
        ? `${early}, with ${figures?.inFlight ?? 0} requests in flight`
        : null;
    if (why === null) return [];
    return [
      {
        rule: 'I13' as const,
        atMs: write.atMs,
        rolloutId: order.rolloutId,
        sentence: `${nameOfWritten(write)} was deleted ${why}`,
      },
    ];
  });
};

/** Whom a write to a syncer's ConfigMap has unloaded: versions of orders about an adapter. */
const unloaded = (
  seen: Seen,
  write: SeenWrite,
): readonly { readonly order: Order; readonly side: Side; readonly name: string }[] =>
  seen.orders.flatMap((order) => {
    const { adapter, cluster, namespace, rolloutId } = order;
    if (adapter === undefined || rolloutId === null || !adapter.syncers.includes(write.name)) return [];
    if (cluster !== write.cluster || namespace !== write.namespace) return [];
    return (['old', 'new'] as const).flatMap((side) => {
      const name = side === 'old' ? adapter.from : adapter.to;
      const isGone = wants(write.before, name) && (!wants(write.after, name) || unwants(write.after, name));
      return isGone ? [{ order, side, name }] : [];
    });
  });

const unloadedTooEarly = (seen: Seen, write: SeenWrite): readonly Violation[] => {
  const said = new Set<string>();
  return unloaded(seen, write).flatMap(({ order, side, name }) =>
    order.routes.flatMap((route) => {
      const found = drained(seen, { order, side, route, atMs: write.issuedAtMs });
      if (found.touchedByOthers && found.zeroSinceMs !== null) return [];
      const why = found.isNamed
        ? `while ${route} named it`
        : whyTooEarly(found, order, side, write.issuedAtMs);
      if (why === null || said.has(name)) return [];
      said.add(name);
      return [
        {
          rule: 'I13' as const,
          atMs: write.atMs,
          rolloutId: order.rolloutId,
          sentence: `${nameOfWritten(write)} gave up ${name} ${why}`,
        },
      ];
    }),
  );
};

/** A document that was set back knows nothing of its own drain times. */
const isForgetful = (seen: Seen, { rolloutId, atMs }: Violation): boolean =>
  rolloutId !== null && atMs >= timelineOf(seen).restoredAtMs(rolloutId);

export const removedOnlyWhenDrained: Checker = (seen) =>
  timelineOf(seen)
    .of('write')
    .filter(({ by }) => by === 'sluice')
    .flatMap((write) => {
      if (write.resource === HTTP_ROUTES) return removedRefs(seen, write);
      if (write.resource === CONFIG_MAPS && write.after !== null) return unloadedTooEarly(seen, write);
      return write.verb === 'delete' && WORKLOADS.has(write.resource) ? removedPods(seen, write) : [];
    })
    .filter((violation) => !isForgetful(seen, violation));
