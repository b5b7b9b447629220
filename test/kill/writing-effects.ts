/** Which effects write, and by which requests. */
import type { GatedCall } from '../../simulator/servers/gate.ts';
import { type Effect, type EffectKind, effectLane } from '../../workflows/rollout/effects.ts';
import type { OutboxItem } from '../../workflows/rollout/stored.ts';

const ROUTE_WRITERS: readonly EffectKind[] = ['rollBack', 'setWeights', 'removeRefs', 'fenceRoutes'];

/** They change something outside. */
export const WRITERS: ReadonlySet<EffectKind> = new Set([
  ...ROUTE_WRITERS,
  'moveObjectives',
  'createObjects',
  'createNodePool',
  'deleteObjects',
  'deleteNodePool',
]);

const GKE: Readonly<Record<string, readonly EffectKind[]>> = {
  CreateNodePool: ['createNodePool'],
  DeleteNodePool: ['deleteNodePool'],
};

const NONE: readonly EffectKind[] = [];

/** Kinds of effects that such a request may come from; empty: it changes nothing. */
export const writersOf = ({ server, method, url }: GatedCall): readonly EffectKind[] => {
  if (server === 'gke') return GKE[method] ?? NONE;
  if (server !== 'kubernetes' || method === 'GET') return NONE;
  const [path = '', query = ''] = url.split('?');
  if (query.includes('dryRun=') || path.includes('/proxy') || path.includes('/authorization.k8s.io/'))
    return NONE;
  if (method === 'POST') return ['createObjects'];
  if (method === 'DELETE') return ['deleteObjects'];
  if (path.includes('/httproutes/')) return ROUTE_WRITERS;
  return /\/inference(objectives|models)\//.test(path) ? ['moveObjectives'] : NONE;
};

export const effectOf = ({ effect }: OutboxItem): Effect => effect as unknown as Effect;

export const isWriter = (item: OutboxItem): boolean => WRITERS.has(effectOf(item).kind);

/** The item of an outbox that a request of one of these kinds carries out: what is drained first. */
export const itemOf = (outbox: readonly OutboxItem[], kinds: readonly EffectKind[]): OutboxItem | undefined =>
  outbox
    .filter((item) => kinds.includes(effectOf(item).kind))
    .toSorted((one, other) => effectLane(effectOf(one).kind) - effectLane(effectOf(other).kind))[0];
