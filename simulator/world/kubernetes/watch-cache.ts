import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { WorldKubeServer } from './kube-server.ts';
import { matcherOf } from './listing.ts';
import { badRequest, expired, pathNotFound } from './statuses.ts';
import type { Caller, KubeReply, KubeRequest, WriteRecord } from './types.ts';
import { groupVersion } from './versions.ts';

/** One line of a watch. Source: kubernetes.io, API concepts, efficient detection of changes. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

export interface WatchQuestion {
  readonly request: Extract<KubeRequest, { verb: 'list' }>;
  readonly caller: Caller;
  /** Events after it; empty or `0`: what is there comes first, as ADDED. */
  readonly resourceVersion: string;
  /** What is there comes first, then a bookmark that says so. */
  readonly sendInitialEvents: boolean;
}

export interface OpenWatch {
  /** Says up to where everything was told. */
  bookmark(): void;
  close(): void;
}

type Watching =
  | { readonly kind: 'open'; readonly watch: OpenWatch }
  | { readonly kind: 'refused'; readonly reply: KubeReply };

/** Writes that a watch can go back to. */
const HISTORY_MAX = 4096;

/** What the watches of an API server live on: its last writes. */
export class WatchCache {
  readonly #kube: WorldKubeServer;
  readonly #history: WriteRecord[] = [];
  readonly #watchers = new Set<(record: WriteRecord) => void>();
  readonly #historyMax: number;
  /** Everything after this version is known. */
  #since: number;

  /** Knows what is written from now on. */
  constructor(kube: WorldKubeServer, historyMax = HISTORY_MAX) {
    this.#kube = kube;
    this.#historyMax = historyMax;
    this.#since = kube.revision;
    kube.onWrite((record) => this.#written(record));
  }

  /** Tells a watch's events, the first ones before it returns. */
  open(question: WatchQuestion, tell: (event: WatchEvent) => void): Watching {
    const { request, caller } = question;
    const { resource, namespace } = request;
    const kind = this.#kube.served.find(
      ({ group, plural }) => group === resource.group && plural === resource.plural,
    );
    if (kind === undefined) return { kind: 'refused', reply: pathNotFound() };
    const refusal = this.#kube.refusal({ verb: 'watch', resource, namespace, name: '' }, caller);
    if (refusal !== null) return { kind: 'refused', reply: refusal };
    const matches = matcherOf(kind, request);
    if (typeof matches === 'string') return { kind: 'refused', reply: badRequest(matches) };
    const watched = (object: KubeObject | null): boolean =>
      object !== null && (namespace === null || object.metadata.namespace === namespace) && matches(object);
    return { kind: 'open', watch: this.#start(question, watched, tell) };
  }

  #start(
    question: WatchQuestion,
    watched: (object: KubeObject | null) => boolean,
    tell: (event: WatchEvent) => void,
  ): OpenWatch {
    const { resource } = question.request;
    const apiVersion = groupVersion(resource.group, resource.version);
    const show = (object: KubeObject): KubeObject =>
      object.apiVersion === apiVersion ? object : { ...object, apiVersion };
    const bookmark = (annotations?: Readonly<Record<string, string>>): void => {
      const resourceVersion = String(this.#kube.revision);
      const metadata = { resourceVersion, ...(annotations === undefined ? {} : { annotations }) };
      tell({ type: 'BOOKMARK', object: { kind: resource.kind, apiVersion, metadata } });
    };
    const hear = (record: WriteRecord): void => {
      const { group, plural } = record.resource;
      if (group !== resource.group || plural !== resource.plural) return;
      const event = eventOf(record, watched);
      if (event !== null) tell({ type: event.type, object: show(event.object) });
    };
    const nothing: OpenWatch = { bookmark: () => {}, close: () => {} };
    if (question.sendInitialEvents || question.resourceVersion === '' || question.resourceVersion === '0') {
      for (const object of this.#kube.all(resource)) {
        if (watched(object)) tell({ type: 'ADDED', object: show(object) });
      }
      if (question.sendInitialEvents) bookmark({ 'k8s.io/initial-events-end': 'true' });
    } else {
      const from = Number(question.resourceVersion);
      if (from < this.#since) {
        const reply = expired(question.resourceVersion, this.#since);
        if ('failure' in reply) tell({ type: 'ERROR', object: { metadata: {}, ...reply.failure } });
        return nothing;
      }
      for (const record of this.#history) if (Number(record.resourceVersion) > from) hear(record);
      if (from > this.#kube.revision) return this.#follow(later(from, hear), bookmark);
    }
    return this.#follow(hear, bookmark);
  }

  #follow(hear: (record: WriteRecord) => void, bookmark: () => void): OpenWatch {
    this.#watchers.add(hear);
    return { bookmark: () => bookmark(), close: () => void this.#watchers.delete(hear) };
  }

  #written(record: WriteRecord): void {
    this.#history.push(record);
    if (this.#history.length > this.#historyMax) {
      const dropped = this.#history.splice(0, this.#historyMax / 2);
      this.#since = Number(dropped.at(-1)?.resourceVersion ?? this.#since);
    }
    for (const hear of this.#watchers) hear(record);
  }
}

const later =
  (from: number, hear: (record: WriteRecord) => void) =>
  (record: WriteRecord): void => {
    if (Number(record.resourceVersion) > from) hear(record);
  };

/** An object that comes into the selection was added, one that leaves it was deleted. */
function eventOf(
  { before, after, resourceVersion }: WriteRecord,
  watched: (object: KubeObject | null) => boolean,
): { readonly type: WatchEvent['type']; readonly object: KubeObject } | null {
  const was = watched(before);
  if (after !== null && watched(after)) return { type: was ? 'MODIFIED' : 'ADDED', object: after };
  if (!was || before === null) return null;
  return { type: 'DELETED', object: { ...before, metadata: { ...before.metadata, resourceVersion } } };
}
