/** One attempt of one request to an API server, within its time. */
import https from 'node:https';
import type { NoAnswer } from '../../workflows/ports.ts';
import type { Clock } from './clock.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { exchangeHttp, type HttpExchange, untilAborted } from './kube-request-http.ts';

export interface KubeRequest
  extends Pick<HttpExchange, 'method' | 'path' | 'headers' | 'body' | 'bodyMaxBytes'> {
  readonly cluster: string;
  /** For all of it: finding the cluster, the token, the connection, the answer to its last byte. */
  readonly timeoutMs: number;
}

export interface KubeReply {
  readonly kind: 'reply';
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Never rejects; `noAnswer` when nobody knows what came of it. */
export type SendKubeRequest = (request: KubeRequest) => Promise<KubeReply | NoAnswer>;

export interface KubeRequestOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
}

/** Shorter than the 90 s after which an API server closes an idle connection: a request must not meet the closing. */
const IDLE_MS = 30_000;

const noAnswer = (why: string): NoAnswer => ({ kind: 'noAnswer', why });

const sendOnce = async (
  access: ClusterAccess,
  agent: https.Agent,
  request: KubeRequest,
  signal: AbortSignal,
): Promise<KubeReply | NoAnswer> => {
  const { cluster } = request;
  const found = await untilAborted(access.configOf(cluster), signal);
  if (found === null) return noAnswer('given up');
  if (found.kind === 'noAnswer') return found;
  const { config } = found;
  const outcome = await exchangeHttp({ ...request, config, agent, signal });
  if (outcome.kind === 'reply') return outcome;
  if (outcome.isUnreached === true) access.unreachable(cluster, config);
  return noAnswer(outcome.why);
};

/**
 * Requests with the credentials of the cluster's KubeConfig, over connections that are kept. There is no limit to how
 * many are open at once: a pod that hangs behind the API server's proxy must not keep the others waiting.
 */
export const createKubeRequests = ({ access, clock }: KubeRequestOptions): SendKubeRequest => {
  const agent = new https.Agent({ keepAlive: true, timeout: IDLE_MS });
  return async (request) => {
    const release = clock.hold();
    const over = new AbortController();
    const givenUp = new AbortController();
    void clock.wait(request.timeoutMs, over.signal).then(() => {
      // A connection that has brought its answer is kept.
      if (!over.signal.aborted) givenUp.abort();
    });
    try {
      const reply = await sendOnce(access, agent, request, givenUp.signal);
      const isLate = givenUp.signal.aborted && reply.kind === 'noAnswer';
      return isLate ? noAnswer(`no answer within ${request.timeoutMs} ms`) : reply;
    } finally {
      over.abort();
      release();
    }
  };
};
