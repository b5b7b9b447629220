/** Follows a rollout's journal over as many streams as it takes: no entry is lost, none comes twice. */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { JournalEntry } from '../../workflows/rollout/stored.ts';
import type { ApiClient, RemoteAnswer, RemoteStream } from './api-client.ts';

export interface FollowOptions {
  readonly client: ApiClient;
  readonly rolloutId: string;
  /** The last entry that is known; 0: from the beginning. */
  readonly afterSeq: number;
  readonly onEntry: (entry: JournalEntry) => void;
  /** Called once when the server is gone, and once when it is back. */
  readonly onConnection?: (isThere: boolean) => void;
  readonly sleep: (ms: number) => Promise<void>;
  /** A stream that says nothing for so long is cut, ms; the server says something every 15 s of its own time. */
  readonly silenceMaxMs?: number;
}

export type Followed =
  | { readonly kind: 'ended'; readonly state: string }
  /** The server will not have it, or was never there. */
  | { readonly kind: 'failed'; readonly answer: RemoteAnswer };

const SILENCE_MAX_MS = 45_000;
const PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 5_000;
/** A server that is restarted is back sooner. */
const AWAY_MAX_MS = 120_000;

/** What has been heard so far. */
interface Heard {
  seq: number;
  endedAs: string | null;
}

/** false: an entry is missing between two; what follows is asked for again. */
const hear = (message: EventSourceMessage, heard: Heard, onEntry: FollowOptions['onEntry']): boolean => {
  if (heard.endedAs !== null) return true;
  if (message.event === 'end') {
    heard.endedAs = (JSON.parse(message.data) as { readonly state: string }).state;
    return true;
  }
  if (message.event !== 'entry') return true;
  const entry = JSON.parse(message.data) as JournalEntry;
  if (entry.seq <= heard.seq) return true;
  if (entry.seq !== heard.seq + 1) return false;
  heard.seq = entry.seq;
  onEntry(entry);
  return true;
};

/** Reads one stream until it ends, breaks, or is silent for too long. */
const readStream = async (
  chunks: ReadableStream<Uint8Array>,
  heard: Heard,
  options: FollowOptions,
): Promise<void> => {
  let isWhole = true;
  const parser = createParser({
    onEvent: (message) => {
      isWhole &&= hear(message, heard, options.onEntry);
    },
  });
  const decoder = new TextDecoder();
  const reader = chunks.getReader();
  let timer: NodeJS.Timeout | undefined;
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  try {
    while (isWhole && heard.endedAs === null) {
      clearTimeout(timer);
      timer = setTimeout(cancel, options.silenceMaxMs ?? SILENCE_MAX_MS);
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } catch {
    // Broken off, or not what it should be: the next stream begins behind the last entry.
  } finally {
    clearTimeout(timer);
    cancel();
  }
};

/** Will it be better in a moment? */
const isPassing = (answer: Exclude<RemoteStream, { kind: 'stream' }>): boolean =>
  answer.kind === 'unreachable' || answer.status >= 500 || answer.status === 429;

/** Until the rollout has ended. A server that goes away is waited for, once it was there. */
export const followJournal = async (options: FollowOptions): Promise<Followed> => {
  const { client, rolloutId, onConnection, sleep } = options;
  const heard: Heard = { seq: options.afterSeq, endedAs: null };
  let wasThere = false;
  let awayMs = 0;
  for (;;) {
    const controller = new AbortController();
    const seqBefore = heard.seq;
    const opened = await client.open(
      `/v1/rollouts/${encodeURIComponent(rolloutId)}/watch`,
      { 'last-event-id': String(heard.seq) },
      controller.signal,
    );
    if (opened.kind === 'stream') {
      if (wasThere && awayMs > 0) onConnection?.(true);
      wasThere = true;
      awayMs = 0;
      await readStream(opened.chunks, heard, options);
      controller.abort();
      if (heard.endedAs !== null) return { kind: 'ended', state: heard.endedAs };
      // Streams end every few minutes; one that brought nothing is not asked for again at once.
      if (heard.seq === seqBefore) await sleep(PAUSE_MS);
      continue;
    }
    if (!wasThere || !isPassing(opened) || awayMs >= AWAY_MAX_MS) return { kind: 'failed', answer: opened };
    if (awayMs === 0) onConnection?.(false);
    const pauseMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MS, awayMs / 2));
    awayMs += pauseMs;
    await sleep(pauseMs);
  }
};
