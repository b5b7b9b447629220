import { Agent, request } from 'node:https';

/** What a test needs to speak to an API server. */
export interface ApiAccess {
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly caPem: string;
  readonly token: string;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`; of a PATCH the merge patch's. */
  readonly contentType?: string;
  /** Milliseconds of silence after which the request is given up. */
  readonly timeoutMs?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface ApiClient {
  readonly send: (call: ApiRequest) => Promise<ApiAnswer>;
  /** The object, or null when there is none. Throws on every other status than 2xx and 404. */
  readonly json: <T>(call: ApiRequest) => Promise<T | null>;
  readonly close: () => void;
}

const typeOf = (call: ApiRequest): string =>
  call.contentType ?? (call.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');

const send = (access: ApiAccess, agent: Agent, call: ApiRequest): Promise<ApiAnswer> =>
  new Promise((resolve, reject) => {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const headers: Record<string, string | number> = { authorization: `Bearer ${access.token}` };
    if (body !== undefined) {
      headers['content-type'] = typeOf(call);
      headers['content-length'] = Buffer.byteLength(body);
    }
    const options = { agent, ca: access.caPem, headers, method: call.method ?? 'GET' };
    const sent = request(`https://${access.endpoint}${call.path}`, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('error', reject).once('end', () => {
        const contentType = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, contentType, text });
      });
    });
    sent.once('error', reject);
    if (call.timeoutMs !== undefined) {
      sent.setTimeout(call.timeoutMs, () =>
        sent.destroy(new Error(`no answer for ${String(call.timeoutMs)} ms`)),
      );
    }
    sent.end(body);
  });

/** Plain requests, for the tests' own hands and eyes. */
export const createApiClient = (access: ApiAccess): ApiClient => {
  const agent = new Agent({ keepAlive: true });
  return {
    send: (call) => send(access, agent, call),
    json: async <T>(call: ApiRequest) => {
      const { status, text } = await send(access, agent, call);
      if (status === 404) return null;
      if (status >= 300) throw new Error(`${call.method ?? 'GET'} ${call.path}: ${String(status)} ${text}`);
      return JSON.parse(text) as T;
    },
    close: () => agent.destroy(),
  };
};
