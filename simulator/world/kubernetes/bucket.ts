import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { Kind } from './kinds/kind.ts';

/**
 * All objects of one kind. Reading is what happens most: an object is found by two map look-ups, and lists are remembered
 * until the next write.
 */
export class Bucket {
  readonly kind: Kind;
  /** In the order of creation: replacing a map's value keeps its place. */
  readonly #objects = new Map<string, KubeObject>();
  readonly #byNamespace = new Map<string, Map<string, KubeObject>>();
  readonly #lists = new Map<string, readonly KubeObject[]>();

  constructor(kind: Kind) {
    this.kind = kind;
  }

  find(namespace: string | null, name: string): KubeObject | undefined {
    return this.#byNamespace.get(namespace ?? '')?.get(name);
  }

  set(object: KubeObject): void {
    const { name, namespace = '' } = object.metadata;
    this.#objects.set(`${namespace}/${name}`, object);
    let names = this.#byNamespace.get(namespace);
    if (names === undefined) {
      names = new Map();
      this.#byNamespace.set(namespace, names);
    }
    names.set(name, object);
    this.#lists.clear();
  }

  remove(object: KubeObject): void {
    const { name, namespace = '' } = object.metadata;
    this.#objects.delete(`${namespace}/${name}`);
    this.#byNamespace.get(namespace)?.delete(name);
    this.#lists.clear();
  }

  /** In the order of creation; of all namespaces when none is named. */
  all(namespace: string | undefined): readonly KubeObject[] {
    return this.#remember(namespace === undefined ? 'all' : `all ${namespace}`, () => [
      ...(namespace === undefined ? this.#objects : (this.#byNamespace.get(namespace) ?? NOTHING)).values(),
    ]);
  }

  /** By namespace and name, as the API lists them; `query` names what `matches` stands for. */
  list(
    namespace: string | null,
    query: string,
    matches: (object: KubeObject) => boolean,
  ): readonly KubeObject[] {
    return this.#remember(`list ${namespace ?? '*'} ${query}`, () =>
      this.all(namespace ?? undefined)
        .filter(matches)
        .sort(byKey),
    );
  }

  #remember(key: string, compute: () => readonly KubeObject[]): readonly KubeObject[] {
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const computed = Object.freeze(compute());
    this.#lists.set(key, computed);
    return computed;
  }
}

const NOTHING: ReadonlyMap<string, KubeObject> = new Map();

/** The order of the keys in the store: namespace, then name, by code unit. */
function byKey(a: KubeObject, b: KubeObject): number {
  return (
    compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
    compare(a.metadata.name, b.metadata.name)
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
