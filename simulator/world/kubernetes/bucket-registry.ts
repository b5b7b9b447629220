import type { KubeResource } from '../../../workflows/kubernetes.ts';
import { Bucket } from './bucket.ts';
import type { Kind } from './kinds/kind.ts';
import { lightKind } from './kinds/served.ts';

const keyOf = (kind: { readonly group: string; readonly plural: string }): string =>
  `${kind.group}/${kind.plural}`;

/** Finds the bucket of a resource. All versions of a kind share one. */
export class BucketRegistry {
  readonly #served = new Map<string, Bucket>();
  readonly #unserved = new Map<string, Bucket>();
  /** The same resource objects come again and again: saves building keys. */
  readonly #known = new WeakMap<KubeResource, Bucket>();

  constructor(kinds: readonly Kind[]) {
    for (const kind of kinds) this.#served.set(keyOf(kind), new Bucket(kind));
  }

  /** What callers of the API can reach. */
  served(resource: KubeResource): Bucket | undefined {
    const known = this.#known.get(resource);
    if (known !== undefined) return known;
    const bucket = this.#served.get(keyOf(resource));
    if (bucket === undefined || !bucket.kind.versions.includes(resource.version)) return undefined;
    this.#known.set(resource, bucket);
    return bucket;
  }

  /** What controllers can reach: they may keep objects that the API does not serve. */
  any(resource: KubeResource): Bucket | undefined {
    return this.served(resource) ?? this.#unserved.get(keyOf(resource));
  }

  addUnserved(resource: KubeResource): Bucket {
    const bucket = new Bucket(lightKind(resource));
    this.#unserved.set(keyOf(resource), bucket);
    return bucket;
  }
}
