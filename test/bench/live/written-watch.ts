import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { NEW_POOL } from './fleet.ts';

interface RouteFields extends KubeObject {
  readonly spec: {
    readonly rules: readonly {
      readonly backendRefs: readonly { readonly name: string; readonly weight?: number }[];
    }[];
  };
}

/** Does no rule of the route give the new pool anything? */
export const isBack = (route: KubeObject): boolean =>
  (route as RouteFields).spec.rules.every(({ backendRefs }) =>
    backendRefs.every(({ name, weight = 1 }) => name !== NEW_POOL || weight === 0),
  );

const PATIENCE_MS = 60_000;

/** Hears of every accepted write of a route, and tells whoever waits for one to be back. */
export class WrittenWatch {
  readonly #waiting = new Map<string, (atMs: number) => void>();

  /** @param atMs by `performance.now()`. */
  hear(route: KubeObject, atMs: number): void {
    const { namespace = '' } = route.metadata;
    const resolve = this.#waiting.get(namespace);
    if (resolve === undefined || !isBack(route)) return;
    this.#waiting.delete(namespace);
    resolve(atMs);
  }

  /** When the route of the namespace is next written back, by `performance.now()`. Ask before it can happen. */
  whenBack(namespace: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the route of ${namespace} was not written back`));
      }, PATIENCE_MS);
      this.#waiting.set(namespace, (atMs) => {
        clearTimeout(timer);
        resolve(atMs);
      });
    });
  }
}
