/** In which moment a kill struck: from the outbox that the dead process left, and from what the world had been asked for. */
import { readState } from '../../workflows/rollout/read-state.ts';
import type { OutboxItem, RolloutDocument } from '../../workflows/rollout/stored.ts';
import type { SeenGke, SeenWrite, Sighting } from '../simulation/seen.ts';
import { effectOf, isWriter } from './writing-effects.ts';

export type KillClass =
  | 'committed, not called'
  | 'called, no outcome'
  /** What was to be done next only reads. */
  | 'reading'
  /** Nothing was to be done but to wait. */
  | 'waiting';

export interface Moment {
  readonly class: KillClass;
  /** Kind of the effect; the state where there was none. */
  readonly kind: string;
  readonly effectId: string | null;
}

const FENCE = 'sluice.dev/fence';
const ROUTES = 'httproutes.gateway.networking.k8s.io';
const OBJECTIVES = /^inference(objectives|models)\./;

type Ours = (SeenWrite & { readonly by: 'sluice' }) | SeenGke;

const isOurs = (sighting: Sighting): sighting is Ours =>
  sighting.kind === 'gke' || (sighting.kind === 'write' && sighting.by === 'sluice');

/** Does the write bear the fence of the effect's decision? One that took our marks away bears none: then time decides. */
const isOfDecision = (write: SeenWrite, item: OutboxItem, rolloutId: string): boolean => {
  const fence = write.after?.metadata.annotations?.[FENCE];
  if (fence === undefined) return write.atMs >= item.notBeforeMs;
  const decision = `${rolloutId}/${item.fence}`;
  return fence === decision || fence.startsWith(`${decision}/`);
};

/** Is it the work of this effect? */
const isWorkOf = (ours: Ours, item: OutboxItem, document: RolloutDocument): boolean => {
  const effect = effectOf(item);
  if (ours.kind === 'gke')
    return ours.what === effect.kind && 'nodePool' in effect && effect.nodePool === ours.nodePool;
  switch (effect.kind) {
    case 'createObjects': {
      // Of another stage are those that are remembered.
      const remembered = readState(document).context.created.some(
        ({ uid }) => uid === ours.after?.metadata.uid,
      );
      return ours.verb === 'create' && !remembered;
    }
    case 'deleteObjects':
      return ours.verb === 'delete' && ours.atMs >= item.notBeforeMs;
    case 'moveObjectives':
      return OBJECTIVES.test(ours.resource) && isOfDecision(ours, item, document.rolloutId);
    case 'setWeights':
    case 'rollBack':
    case 'removeRefs':
    case 'fenceRoutes':
      return ours.resource === ROUTES && isOfDecision(ours, item, document.rolloutId);
    default:
      return false;
  }
};

/** @param preferred the effect whose request was waited for, where there was one. */
export const momentOf = (
  document: RolloutDocument | null,
  sightings: readonly Sighting[],
  preferred: string | null,
): Moment => {
  if (document === null) return { class: 'waiting', kind: 'start', effectId: null };
  const { outbox } = document;
  const item = outbox.find(({ id }) => id === preferred) ?? outbox.find(isWriter) ?? outbox[0];
  if (item === undefined) return { class: 'waiting', kind: document.state, effectId: null };
  const found = { kind: effectOf(item).kind, effectId: item.id };
  if (!isWriter(item)) return { ...found, class: 'reading' };
  const isCalled = sightings.some((sighting) => isOurs(sighting) && isWorkOf(sighting, item, document));
  return { ...found, class: isCalled ? 'called, no outcome' : 'committed, not called' };
};
