import type { Response } from '@google-cloud/functions-framework';
import type { SendEvent, WatchEvent } from '../watch.ts';

/** A client that reads slower than the rollout goes on is let go; it comes again behind what it has. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024;

/** How long a client is to wait before it comes again, ms. */
const RETRY_MS = 1_000;

/** Source: WHATWG HTML, "Server-sent events": JSON has no line breaks, so that one `data:` line holds it. */
const textOf = (event: WatchEvent): string => {
  switch (event.kind) {
    case 'keepAlive':
      return ': \n\n';
    case 'entry':
      return `id: ${event.entry.seq}\nevent: entry\ndata: ${JSON.stringify(event.entry)}\n\n`;
    case 'end': {
      const { rolloutId, state } = event;
      return `event: end\ndata: ${JSON.stringify({ rolloutId, state })}\n\n`;
    }
    default:
      return event satisfies never;
  }
};

export interface EventStream {
  readonly send: SendEvent;
  end(): void;
}

/** Server-sent events in a response; its head goes out with the first of them. */
export const createEventStream = (response: Response, stopping?: AbortSignal): EventStream => {
  const end = (): void => {
    stopping?.removeEventListener('abort', end);
    if (!response.writableEnded) response.end();
  };
  const open = (): void => {
    stopping?.addEventListener('abort', end);
    response.status(200).set({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies that buffer would hold events back.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
  };
  return {
    send: (event) => {
      if (stopping?.aborted === true || response.destroyed || response.writableEnded) return false;
      if (!response.headersSent) open();
      response.write(textOf(event));
      return response.writableLength < UNREAD_BYTES_MAX;
    },
    end,
  };
};
