/** The HTTP API as the commands see it: every outcome is a value. */

export type RemoteAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown }
  /** Nothing answers there, or something else than Sluice does. */
  | { readonly kind: 'unreachable'; readonly why: string; readonly isRefused: boolean };

export interface ApiClient {
  /** Base address without a slash at the end. */
  readonly server: string;
  call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<RemoteAnswer>;
  /** A stream of server-sent events; the caller reads its body, or cancels it. */
  open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<RemoteStream>;
}

export type RemoteStream =
  | { readonly kind: 'stream'; readonly chunks: ReadableStream<Uint8Array> }
  | RemoteAnswer;

export const DEFAULT_SERVER = 'http://127.0.0.1:8080';

/** Longer than any request takes: a start works off what it decided before it answers. */
const TIMEOUT_MS = 120_000;

const unreachable = (error: unknown): RemoteAnswer => {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  // Several addresses were tried: each was refused.
  const message = cause instanceof Error && cause.message !== '' ? cause.message : code;
  return { kind: 'unreachable', why: message || 'no connection', isRefused: code === 'ECONNREFUSED' };
};

const isJson = (type: string): boolean => /^application\/(\w+\+)?json\b/.test(type);

const answerOf = async (response: Response): Promise<RemoteAnswer> => {
  const type = response.headers.get('content-type') ?? '';
  const text = await response.text();
  const foreign: RemoteAnswer = {
    kind: 'unreachable',
    why: `what answers there is not Sluice (${response.status}, ${type === '' ? 'no type' : type})`,
    isRefused: false,
  };
  if (!isJson(type)) return foreign;
  try {
    return { kind: 'answer', status: response.status, body: JSON.parse(text) as unknown };
  } catch {
    return foreign;
  }
};

/** @param server as given by `--server` or SLUICE_SERVER. */
export const createApiClient = (server: string): ApiClient => {
  const base = server.replace(/\/+$/, '');
  return {
    server: base,
    call: async (method, path, body) => {
      try {
        const response = await fetch(`${base}${path}`, {
          method,
          ...(body === undefined
            ? {}
            : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        return await answerOf(response);
      } catch (error) {
        return unreachable(error);
      }
    },
    open: async (path, headers, signal) => {
      try {
        const response = await fetch(`${base}${path}`, {
          headers: { accept: 'text/event-stream', ...headers },
          signal,
        });
        const type = response.headers.get('content-type') ?? '';
        if (response.ok && response.body !== null && type.startsWith('text/event-stream'))
          return { kind: 'stream', chunks: response.body };
        return await answerOf(response);
      } catch (error) {
        return unreachable(error);
      }
    },
  };
};
