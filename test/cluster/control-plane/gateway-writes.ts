import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { ApiClient } from './api-client.ts';
import { GKE_CONTROLLER } from './gateway-words.ts';

export const GATEWAY_API = '/apis/gateway.networking.k8s.io/v1';

const CLASSES = ['gke-l7-regional-external-managed', 'gke-l7-global-external-managed', 'gke-l7-rilb'];
const WRITES_MAX = 20;

export interface StatusWriter {
  readonly api: ApiClient;
  /** Aborted: nothing is written any more. */
  readonly signal: AbortSignal;
}

/** Writes a status unless it says so already; on a conflict reads again. */
export const writeStatus = async <T extends KubeObject>(
  { api, signal }: StatusWriter,
  path: string,
  status: (object: T) => object,
): Promise<void> => {
  for (let attempt = 0; attempt < WRITES_MAX && !signal.aborted; attempt++) {
    const object = await api.json<T>({ path });
    if (object === null) return;
    const wanted = status(object);
    const present = (object['status'] ?? {}) as object;
    if (isDeepStrictEqual({ ...present, ...wanted }, present)) return;
    const { resourceVersion } = object.metadata;
    const body = { metadata: { resourceVersion }, status: wanted };
    const answer = await api.send({ method: 'PATCH', path: `${path}/status`, body });
    if (answer.status < 300 || answer.status === 404) return;
    if (answer.status !== 409) throw new Error(`${path}/status: ${String(answer.status)} ${answer.text}`);
  }
};

/** Clusters with Gateway API on GKE have these. */
export const makeClasses = async (api: ApiClient): Promise<void> => {
  for (const name of CLASSES) {
    const body = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name },
      spec: { controllerName: GKE_CONTROLLER },
    };
    const answer = await api.send({ method: 'POST', path: `${GATEWAY_API}/gatewayclasses`, body });
    if (answer.status >= 300 && answer.status !== 409)
      throw new Error(`GatewayClass ${name}: ${answer.text}`);
  }
};
