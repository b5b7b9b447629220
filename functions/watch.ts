/**
 * `GET /v1/rollouts/ID/watch`: the journal as it grows, for a few minutes at a time; the client then goes on behind the
 * last entry that it has. How events look on the wire is the host's.
 */
import type { ApiRequest, ApiResponse } from '../workflows/door-types.ts';
import { isMachineUnknown, RetryableError } from '../workflows/errors.ts';
import type { JournalEntry, RolloutDocument } from '../workflows/rollout/stored.ts';
import { rolloutIdSchema } from './runtime/actions.ts';
import { problem } from './runtime/reply.ts';
import type { Shell } from './runtime/shell.ts';

export type WatchEvent =
  /** Says nothing: opens the stream, keeps it open, and finds out whether anybody is there. */
  | { readonly kind: 'keepAlive' }
  | { readonly kind: 'entry'; readonly entry: JournalEntry }
  /** The rollout has ended, and all of its entries are out. */
  | { readonly kind: 'end'; readonly rolloutId: string; readonly state: string };

/** Hands an event to the client without waiting for it; false: the client is gone. */
export type SendEvent = (event: WatchEvent) => boolean;

/** null: the stream was opened by the first event, and is over. Otherwise nothing was sent, and this is the answer. */
export type Watch = (request: ApiRequest, send: SendEvent) => Promise<ApiResponse | null>;

/** Proxies and load balancers cut longer streams, each at its own time. */
const STREAM_MS = 5 * 60_000;
const KEEP_ALIVE_MS = 15_000;
const PAGE_SIZE = 100;

const PATH = /^\/v1\/rollouts\/([^/]+)\/watch\/?$/;

/** Is the request one for this door? */
export const isWatch = ({ method, path }: Pick<ApiRequest, 'method' | 'path'>): boolean =>
  method === 'GET' && PATH.test(path);

/** Watches one rollout. Never throws; what goes wrong once the stream is open ends it, and the client comes again. */
export const createWatch =
  (shell: Shell): Watch =>
  async (request, send) => {
    let isOpen = false;
    try {
      const found = await findStart(shell, request);
      if (found.kind === 'refused') return found.answer;
      isOpen = true;
      await stream(shell, found, send);
      return null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isPassing = error instanceof RetryableError || isMachineUnknown(error);
      if (!isPassing) shell.ports.log('ERROR', 'watch-failed', message, { path: request.path });
      if (isOpen) return null;
      return isPassing
        ? problem(503, error.code, message)
        : problem(500, 'internal', 'an error of our own; it was logged');
    }
  };

type Start =
  | { readonly kind: 'found'; readonly document: RolloutDocument; readonly afterSeq: number }
  | { readonly kind: 'refused'; readonly answer: ApiResponse };

/** Where to begin: behind the client's last entry, by the header of a client that comes again, else by the query. */
const findStart = async (shell: Shell, request: ApiRequest): Promise<Start> => {
  const refused = (answer: ApiResponse): Start => ({ kind: 'refused', answer });
  const named = PATH.exec(request.path)?.[1] ?? '';
  const id = rolloutIdSchema.safeParse(named);
  const text = request.headers['last-event-id'] ?? request.query['after'] ?? '0';
  if (!/^\d{1,15}$/.test(text))
    return refused(problem(400, 'request-malformed', `after: "${text.slice(0, 40)}" is no entry's number`));
  const { document } = id.success ? await shell.ports.store.load({ rolloutId: id.data }) : { document: null };
  if (document === null) return refused(problem(404, 'rollout-missing', `there is no rollout ${named}`));
  const afterSeq = Number(text);
  if (afterSeq > document.journalSeq)
    return refused(
      problem(
        409,
        'cursor-ahead',
        `the journal ends at ${document.journalSeq}: begin again without ${afterSeq}`,
      ),
    );
  return { kind: 'found', document, afterSeq };
};

const stream = async (
  shell: Shell,
  { document, afterSeq }: Extract<Start, { kind: 'found' }>,
  send: SendEvent,
): Promise<void> => {
  const { rolloutId } = document;
  const { store, time } = shell.ports;
  const endMs = (await time.now({})) + STREAM_MS;
  let cursor = afterSeq;
  let isOver = document.finishedAtMs !== null;
  if (!send({ kind: 'keepAlive' })) return;
  for (;;) {
    const entries = await store.journal({ rolloutId, afterSeq: cursor, limit: PAGE_SIZE });
    for (const entry of entries) {
      if (!send({ kind: 'entry', entry })) return;
      cursor = entry.seq;
    }
    if (entries.length === PAGE_SIZE) continue;
    if (entries.length > 0 || isOver) {
      const { document: now } = await store.load({ rolloutId });
      if (now === null) return;
      isOver = now.finishedAtMs !== null;
      const isBehind = entries.length > 0 && cursor < now.journalSeq;
      if (isBehind) continue;
      if (isOver) {
        send({ kind: 'end', rolloutId, state: now.state });
        return;
      }
    }
    const nowMs = await time.now({});
    if (nowMs >= endMs) return;
    const { changed } = await time.changes({
      rolloutId,
      afterSeq: cursor,
      deadlineMs: Math.min(endMs, nowMs + KEEP_ALIVE_MS),
    });
    if (!changed && !send({ kind: 'keepAlive' })) return;
  }
};
