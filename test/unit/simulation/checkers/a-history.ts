/** More of what an onlooker notes down: objects that are made and deleted, node pools, requests and their answers. */
import type {
  Author,
  Order,
  Seen,
  SeenAnswer,
  SeenEntry,
  SeenObject,
  SeenSent,
  Sighting,
} from '../../../simulation/seen.ts';
import { CLUSTER, ROLLOUT, START_MS } from './a-seen.ts';

export const secondsMs = (seconds: number): number => START_MS + seconds * 1000;

export interface ObjectInput {
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export const anObject = (input: ObjectInput = {}): SeenObject => ({
  apiVersion: 'apps/v1',
  kind: input.kind ?? 'Deployment',
  metadata: {
    name: input.name ?? 'llm',
    namespace: 'serving',
    uid: input.uid ?? 'd-1',
    ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
  },
  spec: input.spec ?? { replicas: 4 },
});

export interface WrittenInput {
  readonly verb: 'create' | 'patch' | 'delete';
  /** Seconds from the start. */
  readonly at: number;
  /** Seconds on the way. */
  readonly underWay?: number;
  readonly object: SeenObject;
  readonly before?: SeenObject;
  readonly resource?: string;
  readonly by?: Author;
  readonly cluster?: string;
}

/** A write of the product to one object, unless told otherwise. */
export const written = (input: WrittenInput): Sighting => ({
  kind: 'write',
  atMs: secondsMs(input.at),
  issuedAtMs: secondsMs(input.at - (input.underWay ?? 0)),
  by: input.by ?? 'sluice',
  process: 'p-1',
  cluster: input.cluster ?? CLUSTER,
  verb: input.verb,
  resource: input.resource ?? 'deployments.apps',
  namespace: input.object.metadata.namespace ?? null,
  name: input.object.metadata.name,
  before: input.verb === 'create' ? null : (input.before ?? input.object),
  after: input.verb === 'delete' ? null : input.object,
});

export const asked = (
  what: 'createNodePool' | 'deleteNodePool',
  at: number,
  change: Readonly<Record<string, unknown>> = {},
): Sighting => ({
  kind: 'gke',
  atMs: secondsMs(at),
  issuedAtMs: secondsMs(at),
  process: 'p-1',
  what,
  cluster: CLUSTER,
  nodePool: 'h200-r-1-1',
  labels: what === 'createNodePool' ? { 'sluice-rollout': ROLLOUT } : {},
  ...change,
});

export const sent = (at: number, change: Partial<SeenSent> = {}): Sighting => ({
  kind: 'sent',
  atMs: secondsMs(at),
  via: 'api',
  id: 'approve-1',
  action: 'approve',
  rolloutId: ROLLOUT,
  body: {},
  ...change,
});

export const answered = (at: number, change: Partial<SeenAnswer> = {}): Sighting => ({
  kind: 'answer',
  atMs: secondsMs(at),
  id: 'approve-1',
  status: 200,
  code: 'applied',
  ...change,
});

/** A published entry; its time is that of its publication unless told otherwise. */
export const published = (at: number, change: Partial<SeenEntry> & { readonly seq: number }): Sighting => {
  const entry: SeenEntry = {
    rolloutId: ROLLOUT,
    atMs: secondsMs(at),
    message: { kind: 'timer', messageId: `m-${change.seq}` },
    from: 'shifting',
    to: 'shifting',
    effects: [],
    verdicts: [],
    refusal: null,
    sentence: `entry ${change.seq}`,
    ...change,
  };
  return {
    kind: 'published',
    atMs: secondsMs(at),
    process: 'p-1',
    id: `${entry.rolloutId}/${entry.seq}`,
    entry,
  };
};

/** A command in an entry. */
export const commanded = (
  name: string,
  requestId: string,
  fields: Readonly<Record<string, unknown>> = {},
): SeenEntry['message'] => ({
  kind: 'command',
  messageId: `request/${requestId}`,
  command: { name, ...fields },
});

export const restored = (at: number, whom: string = ROLLOUT): Sighting => ({
  kind: 'fault',
  atMs: secondsMs(at),
  what: 'restored',
  whom,
  forMs: null,
});

/** A history of sightings alone, in order of time. */
export const aHistory = (
  orders: readonly Order[],
  sightings: readonly Sighting[],
  endAt = 100_000,
): Seen => ({
  orders,
  startMs: START_MS,
  quietFromMs: START_MS,
  endMs: secondsMs(endAt),
  sightings: sightings.toSorted((one, other) => one.atMs - other.atMs),
});

/** The history with more in it, in order of time, and lasting at least as long. */
export const withMore = (seen: Seen, more: readonly Sighting[]): Seen => ({
  ...seen,
  endMs: Math.max(seen.endMs, ...more.map(({ atMs }) => atMs)),
  sightings: [...seen.sightings, ...more].toSorted((one, other) => one.atMs - other.atMs),
});
