/**
 * Model servers, and endpoint pickers' metrics, through the API server's proxy to pods: no route into the cluster's
 * network is needed. What the API server itself says is a Status; everything else is the pod's own answer, 404 and 403
 * included.
 */
import { createParser } from 'eventsource-parser';
import type {
  AskResult,
  ModelServersPort,
  NoAnswer,
  PodTarget,
  ScrapeResult,
} from '../../workflows/ports.ts';
import { readStatus } from './kube-answer.ts';
import {
  createKubeRequests,
  type KubeReply,
  type KubeRequest,
  type KubeRequestOptions,
} from './kube-request.ts';
import { podProxyPath } from './kube-request-path.ts';
import { readSamples } from './prometheus-text.ts';

/** Of a metrics page: a hundred times what a busy server has. */
const PAGE_MAX_BYTES = 8 * 2 ** 20;
const BODY_MAX_BYTES = 16 * 2 ** 20;

/** Compression would be paid for by the model server, whose processor is busy with users' requests. */
const HEADERS = { 'Accept-Encoding': 'identity' };
/** The oldest form, which every server speaks: names of families end as they did. */
const METRICS_TYPE = 'text/plain;version=0.0.4,*/*;q=0.1';

interface Pod {
  readonly cluster: string;
  readonly namespace: string;
  readonly target: PodTarget;
}

type Ask = Omit<KubeRequest, 'cluster' | 'path'> & { readonly path: string };

type Answered = Omit<Extract<AskResult, { kind: 'answered' }>, 'elapsedMs'> & {
  readonly contentType: string;
};

type Unanswered = Extract<AskResult, { kind: 'unanswered' }>;

const unanswered = (why: string): Unanswered => ({ kind: 'unanswered', why });

/** Refused, unreachable, absent, forbidden: the API server's words instead of the pod's. */
const ofPod = (reply: KubeReply | NoAnswer): Answered | Unanswered => {
  if (reply.kind === 'noAnswer') return unanswered(reply.why);
  const { status, contentType, body } = reply;
  const said = status < 300 ? null : readStatus(body, status);
  return said === null
    ? { kind: 'answered', status, contentType, body }
    : unanswered(`${status} ${said.reason ?? ''} ${said.message ?? ''}`.replace(/\s+/g, ' ').trim());
};

const isEventStream = (contentType: string): boolean => /^text\/event-stream\b/i.test(contentType);

/** All `data:` events, one a line; a line break within one becomes a space, which JSON does not mind. */
const readEvents = (body: string): string => {
  const lines: string[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      lines.push(`data: ${data.replaceAll('\n', ' ')}`);
    },
  });
  parser.feed(body);
  return lines.join('\n');
};

const readPage = (answer: Answered | Unanswered, families: readonly string[]): ScrapeResult => {
  if (answer.kind === 'unanswered') return answer;
  const { kind, status, body } = answer;
  // A page that cannot be read says nothing; that the pod answers is known all the same.
  return { kind, status, samples: status < 300 ? (readSamples(body, families) ?? []) : [] };
};

/** Model servers as the port promises them: one attempt each, no retry; time is the clock's. */
export const createModelServers = (options: KubeRequestOptions): ModelServersPort => {
  const send = createKubeRequests(options);
  const askPod = async ({ cluster, namespace, target }: Pod, ask: Ask): Promise<Answered | Unanswered> => {
    const path = podProxyPath(namespace, target.pod, target.port, ask.path);
    return path === null
      ? unanswered(`no pod can be called "${target.pod}"`)
      : ofPod(await send({ ...ask, cluster, path }));
  };
  return {
    scrape: ({ cluster, namespace, targets, families, timeoutMs }) =>
      Promise.all(
        targets.map(async (target) => {
          const headers = { ...HEADERS, Accept: METRICS_TYPE };
          const ask: Ask = {
            method: 'GET',
            path: '/metrics',
            headers,
            timeoutMs,
            bodyMaxBytes: PAGE_MAX_BYTES,
          };
          return readPage(await askPod({ cluster, namespace, target }, ask), families);
        }),
      ),
    ask: async ({ cluster, namespace, target, method, path, body, timeoutMs }) => {
      const startMs = options.clock.nowMs();
      const answer = await askPod(
        { cluster, namespace, target },
        {
          method,
          path,
          headers: body === undefined ? HEADERS : { ...HEADERS, 'Content-Type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          timeoutMs,
          bodyMaxBytes: BODY_MAX_BYTES,
        },
      );
      const elapsedMs = options.clock.nowMs() - startMs;
      if (answer.kind === 'unanswered') return answer;
      const { kind, status, contentType } = answer;
      return {
        kind,
        status,
        body: isEventStream(contentType) ? readEvents(answer.body) : answer.body,
        elapsedMs,
      };
    },
  };
};
