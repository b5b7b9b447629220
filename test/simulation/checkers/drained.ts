/** Since when a pool carries nothing, as stored in its routes and as the gateway confirmed it. */
import type { Order, SeenObject, SeenWrite } from '../seen.ts';
import { at, isConfirmed, type Ref, refsByRule, type Sides, sameRefs, weightOf } from './routes.ts';

/** How a side of a route stands at a moment. */
export interface Drained {
  /** The side has had no weight in any rule since then; null: it has. -Infinity: it never had. */
  readonly zeroSinceMs: number | null;
  /** The first confirmation of that; null: none yet. */
  readonly confirmedAtMs: number | null;
  /** A ref of the side stands in a rule. */
  readonly isNamed: boolean;
  /** Somebody else wrote backendRefs in the time that was asked about. */
  readonly touchedByOthers: boolean;
}

type Side = Exclude<Ref['side'], 'other'>;

const weightIn = (route: SeenObject | null, sides: Sides, side: Side): number =>
  refsByRule(route, sides).reduce((sum, rule) => sum + weightOf(rule, side), 0);

const isNamed = (route: SeenObject | null, sides: Sides, side: Side): boolean =>
  refsByRule(route, sides).some((rule) => rule.some((ref) => ref.side === side));

/** Only a change of the spec can change who gets traffic: status writes share the spec's object or repeat it. */
const isSpecWrite = (write: SeenWrite): boolean => write.before?.['spec'] !== write.after?.['spec'];

interface Question {
  readonly order: Order;
  readonly side: Side;
  readonly atMs: number;
  /** Writes of others from then on are told. */
  readonly othersSinceMs: number;
}

/** @param writes all writes to the route in order, statuses included. A route that is gone sends nothing. */
export const drainedAt = (writes: readonly SeenWrite[], asked: Question): Drained => {
  const { order, side, atMs, othersSinceMs } = asked;
  const first = writes[0]?.before ?? null;
  let zeroSinceMs: number | null = weightIn(first, order, side) === 0 ? Number.NEGATIVE_INFINITY : null;
  let confirmedAtMs: number | null = zeroSinceMs;
  let generation = 0;
  let stands = first;
  let touchedByOthers = false;
  for (const write of writes) {
    if (write.atMs > atMs) break;
    const { after } = write;
    if (isSpecWrite(write)) {
      if (write.by === 'other' && write.atMs >= othersSinceMs && !sameRefs(write.before, after))
        touchedByOthers = true;
      const weight = weightIn(after, order, side);
      if (weight > 0) {
        zeroSinceMs = null;
        confirmedAtMs = null;
      } else if (zeroSinceMs === null) {
        zeroSinceMs = write.atMs;
        generation = Number(at(after, 'metadata', 'generation') ?? 0);
      }
      if (after === null && confirmedAtMs === null) confirmedAtMs = write.atMs;
      // Made anew, it counts its generations from the beginning.
      if (after !== null && after.metadata.uid !== stands?.metadata.uid) generation = 0;
    }
    stands = after;
    if (zeroSinceMs !== null && confirmedAtMs === null && isConfirmed(after, generation))
      confirmedAtMs = write.atMs;
  }
  return { zeroSinceMs, confirmedAtMs, isNamed: isNamed(stands, order, side), touchedByOthers };
};
