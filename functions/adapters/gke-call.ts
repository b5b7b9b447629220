/**
 * One call of a Google client library over gRPC: exactly one attempt, bounded by the process's clock, and whatever comes
 * of it is a value. Used for GKE and for Cloud Monitoring.
 */
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { GkeAnswer } from '../../workflows/ports.ts';
import type { Clock } from './clock.ts';
import { withinDeadline } from './gke-deadline.ts';
import { failureOf } from './gke-errors.ts';

export interface GoogleClientOptions {
  /** `HOST:PORT` of a server without encryption or authentication, e.g. a simulator's. Absent: Google's. */
  readonly endpoint?: string | null | undefined;
  readonly clock: Clock;
  /** How long one call may take, ms by the clock. */
  readonly timeoutMs?: number | undefined;
}

/** What the constructor of each client library takes. */
type ClientSettings = {
  readonly apiEndpoint?: string;
  readonly port?: number;
  readonly sslCreds?: ChannelCredentials;
  readonly universeDomain?: string;
};

/** What each call of a client library takes. */
interface CallSettings {
  readonly retry: { readonly retryCodes: number[]; readonly backoffSettings: typeof NO_BACKOFF };
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Never used, as nothing is retried; the type asks for it. */
const NO_BACKOFF = { initialRetryDelayMillis: 0, retryDelayMultiplier: 1, maxRetryDelayMillis: 0 };

interface GoogleClient {
  initialize(): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface GoogleCaller<C> {
  /** Issues one request, and answers in any case. The first of the library's results is the value. */
  call<T>(
    ask: (client: C, settings: CallSettings) => Promise<readonly [T, ...unknown[]]>,
  ): Promise<GkeAnswer<T>>;
  /** Ends the connection. */
  close(): void;
}

const TIMEOUT_MS = 20_000;
/** The library's own time-out runs by the wall: only for the day that the clock stands still for good. */
const BACKSTOP_MS = 120_000;

const settingsOf = (endpoint: string | null): ClientSettings => {
  if (endpoint === null) return {};
  const colon = endpoint.lastIndexOf(':');
  return {
    apiEndpoint: endpoint.slice(0, colon),
    port: Number(endpoint.slice(colon + 1)),
    sslCreds: credentials.createInsecure(),
    // Without it the library asks the metadata server of a virtual machine, and warns where there is none.
    universeDomain: 'googleapis.com',
  };
};

/** @param make a new client; called at the first call, and after a call that brought no answer. */
export const createGoogleCaller = <C extends GoogleClient>(
  make: (settings: ClientSettings) => C,
  { endpoint, clock, timeoutMs = TIMEOUT_MS }: GoogleClientOptions,
): GoogleCaller<C> => {
  const settings = settingsOf(endpoint ?? null);
  let current: C | null = null;
  /** A connection that stays silent stays so, and a channel that failed waits before it connects again: begin anew. */
  const drop = (client: C): void => {
    if (current === client) current = null;
    // Not waited for: a client that was never set up is never closed either. Other calls of it go on to their ends.
    client.close().catch(() => undefined);
  };
  const attempt = async <T>(
    client: C,
    ask: (client: C, settings: CallSettings) => Promise<readonly [T, ...unknown[]]>,
    signal: AbortSignal,
  ): Promise<GkeAnswer<T>> => {
    try {
      // By ourselves: where it fails, the library's own call of it is a rejection that nobody handles.
      await client.initialize();
      if (signal.aborted) return { kind: 'noAnswer', why: 'not sent in time' };
      // `retry: null` throws, and an absent one means the library's retries (measured).
      const retry = { retryCodes: [], backoffSettings: NO_BACKOFF };
      const [value] = await ask(client, { retry, timeout: BACKSTOP_MS, signal });
      return { kind: 'ok', value };
    } catch (error) {
      return failureOf(error);
    }
  };
  return {
    async call(ask) {
      current ??= make(settings);
      const client = current;
      const answer = await withinDeadline({ clock, timeoutMs }, (signal) => attempt(client, ask, signal));
      if (answer.kind === 'noAnswer') drop(client);
      return answer;
    },
    close() {
      if (current !== null) drop(current);
    },
  };
};
