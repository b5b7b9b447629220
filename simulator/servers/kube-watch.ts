import type { ServerResponse } from 'node:http';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { KubeReply } from '../world/kubernetes/types.ts';
import type { OpenWatch, WatchCache, WatchEvent, WatchQuestion } from '../world/kubernetes/watch-cache.ts';
import type { Wanted } from './kube-http-accept.ts';
import { metadataOnly, tableOf } from './kube-http-table.ts';

export interface WatchOptions {
  readonly question: WatchQuestion;
  /** Virtual seconds until the server ends it; 0: never. */
  readonly timeoutSeconds: number;
  readonly bookmarks: boolean;
  readonly as: Wanted['as'];
  /** The query's `includeObject`. */
  readonly include: string;
}

export interface WatchServer {
  readonly cache: WatchCache;
  nowMs(): number;
  wait(ms: number, signal?: AbortSignal): Promise<unknown>;
  /** The control plane is away: nothing gets out. */
  away(): boolean;
}

const BOOKMARK_EVERY_MS = 60_000;
/** The last bookmark comes so long before the end. Source: kube-apiserver, `bookmarkFrequency`. */
const LAST_BOOKMARK_MS = 2000;
/** Who does not read is cut off. */
const UNREAD_MAX_BYTES = 16 * 1024 * 1024;

/** Events as lines, in the caller's representation. */
function lineWriter(
  server: WatchServer,
  response: ServerResponse,
  { as, include, question }: WatchOptions,
): (event: WatchEvent) => void {
  let first = true;
  const shown = ({ type, object }: WatchEvent): unknown => {
    if (type === 'ERROR' || as === 'object' || as === 'discovery') return object;
    // What is not an error is an object of the watched kind.
    const known = object as KubeObject;
    if (as === 'metadata') return metadataOnly(known);
    const { resource } = question.request;
    const { resourceVersion } = known.metadata;
    const objects = type === 'BOOKMARK' ? [] : [known];
    const options = { resource, include, nowMs: server.nowMs(), withColumns: first };
    first = false;
    return tableOf(objects, { resourceVersion }, options);
  };
  return (event) => {
    if (response.destroyed) return;
    if (server.away() || response.writableLength > UNREAD_MAX_BYTES) response.destroy();
    else response.write(`${JSON.stringify({ type: event.type, object: shown(event) })}\n`);
  };
}

async function runUntilEnd(
  server: WatchServer,
  watch: OpenWatch,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const endMs = options.timeoutSeconds > 0 ? server.nowMs() + options.timeoutSeconds * 1000 : null;
  const lastMs = endMs === null ? null : endMs - LAST_BOOKMARK_MS;
  if (!options.bookmarks) {
    await server.wait(endMs === null ? Number.MAX_SAFE_INTEGER : endMs - server.nowMs(), signal);
    return;
  }
  while (!signal.aborted) {
    const now = server.nowMs();
    if (endMs !== null && now >= endMs) return;
    const beforeLast = lastMs !== null && now < lastMs;
    const nextMs = beforeLast
      ? Math.min(lastMs, now + BOOKMARK_EVERY_MS)
      : (endMs ?? now + BOOKMARK_EVERY_MS);
    await server.wait(nextMs - now, signal);
    if (!signal.aborted && nextMs !== endMs) watch.bookmark();
  }
}

/**
 * Serves a watch until its time is up, its client goes or the server closes.
 * @returns the refusal where it may not begin; nothing is written then.
 */
export async function serveWatch(
  server: WatchServer,
  response: ServerResponse,
  options: WatchOptions,
): Promise<KubeReply | null> {
  const early: WatchEvent[] = [];
  let tell = (event: WatchEvent): void => void early.push(event);
  const opened = server.cache.open(options.question, (event) => tell(event));
  if (opened.kind === 'refused') return opened.reply;
  const ended = new AbortController();
  response.once('close', () => ended.abort());
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
  response.flushHeaders();
  tell = lineWriter(server, response, options);
  for (const event of early) tell(event);
  const expired = early.some(({ type }) => type === 'ERROR');
  if (!expired && !response.destroyed) await runUntilEnd(server, opened.watch, options, ended.signal);
  opened.watch.close();
  response.end();
  return null;
}
