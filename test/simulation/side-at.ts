import type { Order, Seen, SeenSide } from './seen.ts';

/** How a pool of an order stood at a time, in ground truth. */
export const sideAt = (
  seen: Seen,
  order: Order,
  pool: string,
  atMs: number,
): Pick<SeenSide, 'ready' | 'pickerReady'> => {
  let last: Pick<SeenSide, 'ready' | 'pickerReady'> = { ready: 0, pickerReady: false };
  for (const sighting of seen.sightings) {
    if (sighting.atMs > atMs) break;
    if (
      sighting.kind === 'side' &&
      sighting.pool === pool &&
      sighting.cluster === order.cluster &&
      sighting.namespace === order.namespace
    )
      last = sighting;
  }
  return last;
};
