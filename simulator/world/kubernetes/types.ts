/**
 * The world's API server, as its callers see it. Semantics live behind this interface and nowhere else; ports and
 * servers only translate. Objects that come out are shared and frozen: a write replaces them, nobody copies.
 */
import type { KubeObject, KubeResource, KubeStatus } from '../../../workflows/kubernetes.ts';

/** Who asks. `manager` is the field manager of writes, `user` what access rules look at. */
export interface Caller {
  readonly user: string;
  readonly manager: string;
}

interface Target {
  readonly resource: KubeResource;
  /** null: cluster-scoped, or a list over all namespaces. */
  readonly namespace: string | null;
}

export type KubeRequest =
  | { readonly verb: 'discover' }
  | (Target & { readonly verb: 'get'; readonly name: string; readonly subresource?: 'scale' | 'status' })
  | (Target & {
      readonly verb: 'list';
      readonly labelSelector?: string;
      readonly fieldSelector?: string;
      readonly limit?: number;
      readonly continueFrom?: string;
    })
  | (Target & {
      readonly verb: 'create';
      readonly object: unknown;
      readonly dryRun?: boolean;
      readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
    })
  | (Target & {
      readonly verb: 'update';
      readonly name: string;
      readonly object: unknown;
      readonly subresource?: 'scale' | 'status';
      readonly dryRun?: boolean;
      readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
    })
  | (Target & {
      readonly verb: 'patch';
      readonly name: string;
      readonly type: 'json' | 'merge' | 'strategic' | 'apply';
      readonly patch: unknown;
      readonly subresource?: 'scale' | 'status';
      readonly dryRun?: boolean;
      readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
      readonly force?: boolean;
    })
  | (Target & {
      readonly verb: 'delete';
      readonly name: string;
      readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
      readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
      readonly dryRun?: boolean;
    });

export type KubeReply =
  | { readonly status: number; readonly object: unknown; readonly warnings?: readonly string[] }
  | { readonly status: number; readonly failure: KubeStatus };

/** One accepted write, for checkers and watches; `before` or `after` is null for a create or a removal. */
export interface WriteRecord {
  readonly atMs: number;
  /** The server's version with it; a removal has one too. */
  readonly resourceVersion: string;
  readonly caller: Caller;
  readonly verb: 'create' | 'update' | 'patch' | 'delete' | 'controller';
  readonly resource: KubeResource;
  readonly before: KubeObject | null;
  readonly after: KubeObject | null;
}

export interface KubeServer {
  /** Answers as the real server does; never throws. */
  request(request: KubeRequest, caller: Caller): KubeReply;
  /** For the world's own controllers and for ground truth: the stored object, no access check. */
  read(resource: KubeResource, namespace: string | null, name: string): KubeObject | undefined;
  /** All stored objects of a resource, in the order of creation. */
  all(resource: KubeResource, namespace?: string): readonly KubeObject[];
  /**
   * A controller's write: creates or replaces spec and status at once, without validation, access check or managed fields;
   * bumps resourceVersion, and generation when `spec` changed. Fills in uid, creationTimestamp. Returns the stored object.
   */
  put(resource: KubeResource, object: KubeObject, manager: string): KubeObject;
  /** A controller's removal, at once, finalizers or not. */
  remove(resource: KubeResource, namespace: string | null, name: string): void;
  /** Called after each accepted write, in order. */
  onWrite(listener: (record: WriteRecord) => void): void;
  /** Grows with each accepted write; cheap test for "nothing changed". */
  readonly revision: number;
}
