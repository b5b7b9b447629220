/**
 * Kubernetes over HTTPS with the credentials of a KubeConfig. Requests are written by hand: the generated client drops
 * the bodies of proxied requests and escapes slashes in paths, and what is sent here must be known to the byte.
 */
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { KubeAnswer, KubeCall, KubernetesPort, NoAnswer } from '../../workflows/ports.ts';
import { answerOf, badName, readObject, readPage } from './kube-answer.ts';
import { discoverServed } from './kube-discovery.ts';
import {
  createKubeRequests,
  type KubeReply,
  type KubeRequest,
  type KubeRequestOptions,
  type SendKubeRequest,
} from './kube-request.ts';
import { type Query, resourcePath, withQuery } from './kube-request-path.ts';
import { readAllPages } from './kubernetes-list.ts';

/** An API server that is well answers in milliseconds; admission webhooks may take ten seconds. */
const TIMEOUT_MS = 10_000;
/** Of one answer, unpacked: a page of 500 large pods is a tenth of it. */
const BODY_MAX_BYTES = 64 * 2 ** 20;
const PAGE_SIZE = 500;

const FIELD_MANAGER = 'sluice';

const HEADERS = { Accept: 'application/json', 'Accept-Encoding': 'gzip' };
const JSON_BODY = { ...HEADERS, 'Content-Type': 'application/json' };
const PATCH_BODY = { ...HEADERS, 'Content-Type': 'application/json-patch+json' };

type Answer = KubeAnswer | NoAnswer;

interface Ask extends Pick<KubeRequest, 'method' | 'headers'> {
  readonly name?: string;
  readonly query?: Query;
  readonly body?: unknown;
}

type AskOne = (
  call: KubeCall & { readonly cluster: string },
  ask: Ask,
) => Promise<KubeReply | NoAnswer | null>;

/** null: the path has a part that is no name, nothing is sent. */
const askWith =
  (send: SendKubeRequest): AskOne =>
  async (call, { method, headers, name, query, body }) => {
    const path = resourcePath(call, name ?? null);
    if (path === null) return null;
    return send({
      cluster: call.cluster,
      method,
      path: withQuery(path, query ?? {}),
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: BODY_MAX_BYTES,
    });
  };

const dryRunOf = (dryRun: boolean | undefined): Query => (dryRun === true ? { dryRun: 'All' } : {});

const objectOf = (reply: KubeReply | NoAnswer | null): Answer =>
  reply === null ? badName() : answerOf<KubeObject>(reply, readObject);

/** Kubernetes as the port promises it: one attempt per request, no answer within ten seconds is `noAnswer`. */
export const createKubernetes = (options: KubeRequestOptions): KubernetesPort => {
  const send = createKubeRequests(options);
  const ask = askWith(send);
  return {
    discover: ({ cluster }) =>
      discoverServed((path, accept) =>
        send({
          cluster,
          method: 'GET',
          path,
          headers: { ...HEADERS, Accept: accept },
          timeoutMs: TIMEOUT_MS,
          bodyMaxBytes: BODY_MAX_BYTES,
        }),
      ),
    get: async (call) => objectOf(await ask(call, { method: 'GET', headers: HEADERS, name: call.name })),
    list: (call) =>
      readAllPages(async (token) => {
        const { labelSelector, recent } = call;
        // The cache knows no pages.
        const query =
          recent === true
            ? { labelSelector, resourceVersion: '0' }
            : { labelSelector, limit: String(PAGE_SIZE), continue: token };
        const reply = await ask(call, { method: 'GET', headers: HEADERS, query });
        return reply === null ? badName() : answerOf(reply, readPage);
      }),
    create: async (call) => {
      const query = { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', ...dryRunOf(call.dryRun) };
      return objectOf(await ask(call, { method: 'POST', headers: JSON_BODY, query, body: call.object }));
    },
    jsonPatch: async ({ name, patch, dryRun, ...call }) => {
      const query = { fieldManager: FIELD_MANAGER, ...dryRunOf(dryRun) };
      return objectOf(await ask(call, { method: 'PATCH', headers: PATCH_BODY, name, query, body: patch }));
    },
    delete: async ({ name, uid, ...call }) => {
      const body = {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid },
        propagationPolicy: 'Background',
      };
      return objectOf(await ask(call, { method: 'DELETE', headers: JSON_BODY, name, body }));
    },
  };
};
