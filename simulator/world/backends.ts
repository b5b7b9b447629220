import type { Cluster } from './cluster.ts';
import { at, labels, selects, text } from './fields.ts';
import type { Pod } from './pod.ts';
import type { NameRecord } from './requests-by-name.ts';
import { INFERENCE_POOL, SERVICE } from './resources.ts';
import { createTally, type Tally } from './tally.ts';

/** What a rule can send traffic to: an InferencePool with its picker, or a plain Service. */
export interface Backend {
  readonly key: string;
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly name: string;
  readonly kind: 'InferencePool' | 'Service';
  exists: boolean;
  failOpen: boolean;
  /** A picker process serves; true for a Service. */
  pickerUp: boolean;
  /** All its pods, the oldest first. */
  members: readonly Pod[];
  /** The pods that get requests. */
  rotation: readonly Pod[];
  pickers: readonly Pod[];
  readonly tally: Tally;
  /** Its requests by what was asked for and what that became. */
  readonly names: Map<string, NameRecord>;
  /** Part of the traffic of its rule in the last step, 0 to 1. */
  lastShare: number;
  /** Part of its requests that asked for a stream. */
  streamed: number;
}

export interface Backends {
  of(cluster: Cluster, kind: Backend['kind'], namespace: string, name: string): Backend;
  /** Something changed that memberships depend on. */
  invalidate(): void;
  /** Brings memberships up to date; cheap when nothing changed. */
  refresh(): void;
  all(): Iterable<Backend>;
}

function podsOf(backend: Backend, selector: Readonly<Record<string, string>>): readonly Pod[] {
  const found: Pod[] = [];
  for (const pod of backend.cluster.pods.values()) {
    if (pod.namespace === backend.namespace && selects(selector, pod.labels)) found.push(pod);
  }
  return found;
}

function refreshPool(backend: Backend): void {
  const { kube } = backend.cluster;
  const pool = kube.read(INFERENCE_POOL, backend.namespace, backend.name);
  backend.exists = pool !== undefined;
  backend.members = podsOf(backend, labels(at(pool, 'spec', 'selector', 'matchLabels')));
  backend.rotation = backend.members.filter((pod) => pod.inRotation && pod.role.kind === 'server');
  const reference = at(pool, 'spec', 'endpointPickerRef');
  backend.failOpen = at(reference, 'failureMode') === 'FailOpen';
  const service = kube.read(SERVICE, backend.namespace, text(at(reference, 'name')) ?? '');
  backend.pickers = podsOf(backend, labels(at(service, 'spec', 'selector')));
  backend.pickerUp =
    reference === undefined ||
    backend.pickers.some((pod) => pod.inRotation && pod.stage === 'up' && !pod.probeFails);
}

function refreshService(backend: Backend): void {
  const service = backend.cluster.kube.read(SERVICE, backend.namespace, backend.name);
  backend.exists = service !== undefined;
  backend.members = podsOf(backend, labels(at(service, 'spec', 'selector')));
  backend.rotation = backend.members.filter((pod) => pod.inRotation);
}

export function createBackends(): Backends {
  const known = new Map<string, Backend>();
  let dirty = false;
  return {
    of(cluster, kind, namespace, name) {
      const key = `${cluster.name}/${namespace}/${kind}/${name}`;
      const found = known.get(key);
      if (found !== undefined) return found;
      const backend: Backend = {
        key,
        cluster,
        namespace,
        name,
        kind,
        exists: false,
        failOpen: false,
        pickerUp: true,
        members: [],
        rotation: [],
        pickers: [],
        tally: createTally(),
        names: new Map(),
        lastShare: 0,
        streamed: 0,
      };
      known.set(key, backend);
      dirty = true;
      return backend;
    },
    invalidate() {
      dirty = true;
    },
    refresh() {
      if (!dirty) return;
      dirty = false;
      for (const backend of known.values()) {
        if (backend.kind === 'InferencePool') refreshPool(backend);
        else refreshService(backend);
      }
    },
    all: () => known.values(),
  };
}
