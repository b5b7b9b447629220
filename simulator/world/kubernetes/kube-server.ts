import type { KubeObject, KubeResource } from '../../../workflows/kubernetes.ts';
import { type AccessRule, accessResource, denied, reviewed } from './access.ts';
import type { Bucket } from './bucket.ts';
import { BucketRegistry } from './bucket-registry.ts';
import { controllerObject, saysNothingNew } from './controller-write.ts';
import { decideDeletion, isReturned } from './deletion.ts';
import { type Dict, freeze, isDict, textAt, withKey } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import { GKE_KINDS, kindsOf } from './kinds/served.ts';
import { answerList } from './listing.ts';
import { patchedObject } from './patch.ts';
import { rfc3339 } from './rfc3339.ts';
import { scaled, scaleOf } from './scale.ts';
import {
  alreadyExists,
  badRequest,
  deleted,
  forbidden,
  notFound,
  pathNotFound,
  unauthorized,
} from './statuses.ts';
import type { Caller, KubeReply, KubeRequest, KubeServer, WriteRecord } from './types.ts';
import { discoveryOf, groupVersion, inVersion, storedVersion } from './versions.ts';
import { mayGo, prepareCreate, prepareUpdate, type WriteInput, type WriteOutcome } from './write.ts';
import { WriteLog } from './write-log.ts';
import { headerProblem, type WriteRequest, writerOf } from './write-request.ts';

export interface KubeServerOptions {
  /** Milliseconds since 1970, virtual. */
  readonly clock: () => number;
  readonly uid: () => string;
  /** Default: a recent one. */
  readonly serverVersion?: string;
  /** What the cluster serves; default: what GKE with Inference Gateway has. */
  readonly served?: readonly KubeResource[];
}

/** What somebody wants to do to a resource. */
export interface AccessQuestion {
  readonly verb: string;
  readonly resource: KubeResource;
  readonly namespace: string | null;
  readonly name: string;
}

/** The server with what a scenario and an HTTP front need beside its callers' view. */
export interface WorldKubeServer extends KubeServer {
  /** From now on this rule decides; before, everybody with a name may do everything. A caller without a user name is unknown: 401. */
  setAccess(rule: AccessRule): void;
  /** The refusal that a caller hears who may not; null for one who may. A subresource is named in the plural: `pods/proxy`. */
  refusal(asked: AccessQuestion, caller: Caller): KubeReply | null;
  readonly served: readonly Kind[];
  readonly serverVersion: string;
}

/** An API server with the usual namespaces and nothing else in it. */
export const createKubeServer = (options: KubeServerOptions): WorldKubeServer => new WorldServer(options);

type Request<V extends KubeRequest['verb']> = Extract<KubeRequest, { verb: V }>;

/** A fresh server has written objects of its own before anybody asks. */
const FIRST_REVISION = 100;
const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const SYSTEM: Caller = { user: 'system:apiserver', manager: 'kube-apiserver' };

class WorldServer implements WorldKubeServer {
  readonly served: readonly Kind[];
  readonly serverVersion: string;
  readonly #clock: () => number;
  readonly #uid: () => string;
  readonly #buckets: BucketRegistry;
  readonly #namespaces: Bucket;
  readonly #log: WriteLog;
  readonly #discovery: Readonly<Record<string, readonly string[]>>;
  readonly #writesNullTimes: boolean;
  #revision = FIRST_REVISION;
  #rule: AccessRule | null = null;

  constructor(options: KubeServerOptions) {
    this.#clock = options.clock;
    this.#uid = options.uid;
    this.serverVersion = options.serverVersion ?? 'v1.35.4';
    this.#writesNullTimes = Number(this.serverVersion.split('.')[1]) < 34;
    this.served = options.served === undefined ? GKE_KINDS : kindsOf(options.served);
    this.#buckets = new BucketRegistry(this.served);
    this.#log = new WriteLog(options.clock, () => this.#revision);
    this.#discovery = freeze(discoveryOf(this.served));
    const resource: KubeResource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };
    this.#namespaces = this.#buckets.served(resource) ?? this.#buckets.addUnserved(resource);
    for (const name of SYSTEM_NAMESPACES) {
      const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, status: { phase: 'Active' } };
      this.put(resource, object, SYSTEM.manager);
    }
  }

  get revision(): number {
    return this.#revision;
  }

  setAccess(rule: AccessRule): void {
    this.#rule = rule;
  }

  onWrite(listener: (record: WriteRecord) => void): void {
    this.#log.listen(listener);
  }

  read(resource: KubeResource, namespace: string | null, name: string): KubeObject | undefined {
    return this.#buckets.any(resource)?.find(namespace, name);
  }

  all(resource: KubeResource, namespace?: string): readonly KubeObject[] {
    return this.#buckets.any(resource)?.all(namespace) ?? [];
  }

  put(resource: KubeResource, object: KubeObject, manager: string): KubeObject {
    const bucket = this.#buckets.any(resource) ?? this.#buckets.addUnserved(resource);
    const before = bucket.find(object.metadata.namespace ?? null, object.metadata.name);
    if (before !== undefined && saysNothingNew(before, object)) return before;
    const after = controllerObject(bucket.kind, object, before, {
      now: () => rfc3339(this.#clock()),
      uid: this.#uid,
      resourceVersion: String(++this.#revision),
    });
    bucket.set(freeze(after));
    const caller = { user: manager, manager };
    this.#log.add({ caller, verb: 'controller', resource, before: before ?? null, after });
    return after;
  }

  remove(resource: KubeResource, namespace: string | null, name: string): void {
    const bucket = this.#buckets.any(resource);
    const before = bucket?.find(namespace, name);
    if (bucket === undefined || before === undefined) return;
    this.#drop(bucket, resource, before, { caller: SYSTEM, verb: 'controller' });
  }

  request(request: KubeRequest, caller: Caller): KubeReply {
    if (caller.user === '') return unauthorized();
    if (request.verb === 'discover') return { status: 200, object: this.#discovery };
    const bucket = this.#buckets.served(request.resource);
    const refusal = this.#access(request, caller);
    if (refusal !== null) return refusal;
    if (bucket === undefined) return pathNotFound();
    const reply = this.#answer(bucket, request, caller);
    return 'failure' in reply ? reply : inVersion(reply, bucket.kind, request);
  }

  #answer(bucket: Bucket, request: Exclude<KubeRequest, { verb: 'discover' }>, caller: Caller): KubeReply {
    switch (request.verb) {
      case 'get':
        return this.#get(bucket, request);
      case 'list':
        return answerList(bucket, request, String(this.#revision));
      case 'create':
        return this.#create(bucket, request, caller);
      case 'update':
        return this.#update(bucket, request, caller);
      case 'patch':
        return this.#patch(bucket, request, caller);
      case 'delete':
        return this.#delete(bucket, request, caller);
    }
  }

  #get(bucket: Bucket, request: Request<'get'>): KubeReply {
    if (!hasSubresource(bucket.kind, request.subresource)) return noSubresource(bucket.kind, request.name);
    const object = bucket.find(request.namespace, request.name);
    if (object === undefined) return notFound(bucket.kind, request.name);
    return { status: 200, object: request.subresource === 'scale' ? freeze(scaleOf(object)) : object };
  }

  #create(bucket: Bucket, request: Request<'create'>, caller: Caller): KubeReply {
    const { kind } = bucket;
    const sent = named(kind, request);
    const unreadable = headerProblem(kind, request, sent);
    if (unreadable !== null || !isDict(sent)) return unreadable ?? badRequest('no object');
    const refusal = this.#namespaceProblem(kind, request, textAt(sent['metadata'], 'name') ?? '');
    if (refusal !== null) return refusal;
    const input = this.#input(kind, request, caller, { ...sent, apiVersion: storedVersion(kind) });
    const outcome = prepareCreate({ ...input, name: textAt(sent['metadata'], 'name') ?? '' });
    if (outcome.kind === 'accepted' && kind.plural === 'selfsubjectaccessreviews') {
      const status = reviewed(sent, caller, this.#rule ?? allowNamed, this.served);
      const { managedFields } = outcome.object.metadata;
      return { status: 201, object: freeze({ ...outcome.object, metadata: { managedFields }, status }) };
    }
    return this.#finishCreate(bucket, request, caller, outcome);
  }

  #finishCreate(bucket: Bucket, request: WriteRequest, caller: Caller, outcome: WriteOutcome): KubeReply {
    if (outcome.kind === 'refused') return outcome.reply;
    const { name } = outcome.object.metadata;
    if (bucket.find(request.namespace, name) !== undefined) return alreadyExists(bucket.kind, name);
    if (request.dryRun === true) return { status: 201, object: freeze(outcome.object), ...warned(outcome) };
    const after = this.#store(bucket, outcome.object);
    const verb = request.verb === 'patch' ? 'patch' : 'create';
    this.#log.add({ caller, verb, resource: request.resource, before: null, after });
    return { status: 201, object: after, ...warned(outcome) };
  }

  #update(bucket: Bucket, request: Request<'update'>, caller: Caller): KubeReply {
    const { kind } = bucket;
    if (!hasSubresource(kind, request.subresource)) return noSubresource(kind, request.name);
    const before = bucket.find(request.namespace, request.name);
    if (request.subresource === 'scale') return this.#scale(bucket, request, caller);
    const unreadable = headerProblem(kind, request, request.object);
    if (unreadable !== null || !isDict(request.object)) return unreadable ?? badRequest('no object');
    if (before === undefined) return notFound(kind, request.name);
    const candidate = { ...request.object, apiVersion: before.apiVersion };
    const input = this.#input(kind, request, caller, candidate);
    return this.#finishUpdate(bucket, request, caller, {
      before,
      outcome: prepareUpdate(input, before, true),
    });
  }

  #patch(bucket: Bucket, request: Request<'patch'>, caller: Caller): KubeReply {
    const { kind } = bucket;
    if (!hasSubresource(kind, request.subresource)) return noSubresource(kind, request.name);
    if (request.subresource === 'scale') return this.#scale(bucket, request, caller);
    const before = bucket.find(request.namespace, request.name) ?? null;
    const writer = writerOf(kind, request, caller);
    const patched = patchedObject(kind, before, request, { writer, now: rfc3339(this.#clock()) });
    if (patched.kind === 'refused') return patched.reply;
    const input = this.#input(
      kind,
      request,
      caller,
      withKey(patched.candidate, 'apiVersion', storedVersion(kind)),
    );
    const owned = patched.managedFields === undefined ? {} : { managedFields: patched.managedFields };
    if (before !== null) {
      const outcome = prepareUpdate({ ...input, ...owned }, before, false);
      return this.#finishUpdate(bucket, request, caller, { before, outcome });
    }
    const refusal = this.#namespaceProblem(kind, request, request.name);
    if (refusal !== null) return refusal;
    return this.#finishCreate(bucket, request, caller, prepareCreate({ ...input, ...owned }));
  }

  #scale(bucket: Bucket, request: Request<'update' | 'patch'>, caller: Caller): KubeReply {
    const before = bucket.find(request.namespace, request.name);
    if (before === undefined) return notFound(bucket.kind, request.name);
    const result = scaled(before, request);
    if (result.kind === 'refused') return result.reply;
    const outcome = prepareUpdate(this.#input(bucket.kind, request, caller, result.candidate), before, false);
    const reply = this.#finishUpdate(bucket, request, caller, { before, outcome });
    if ('failure' in reply || outcome.kind === 'refused') return reply;
    return { ...reply, object: freeze(scaleOf(reply.object as KubeObject)) };
  }

  #finishUpdate(
    bucket: Bucket,
    request: Request<'update' | 'patch'>,
    caller: Caller,
    { before, outcome }: { readonly before: KubeObject; readonly outcome: WriteOutcome },
  ): KubeReply {
    if (outcome.kind === 'refused') return outcome.reply;
    if (outcome.kind === 'unchanged' || request.dryRun === true) {
      return { status: 200, object: freeze(outcome.object), ...warned(outcome) };
    }
    if (mayGo(outcome.object) && !mayGo(before)) {
      this.#drop(bucket, request.resource, before, { caller, verb: request.verb });
      return { status: 200, object: freeze(outcome.object), ...warned(outcome) };
    }
    const after = this.#store(bucket, outcome.object);
    this.#log.add({ caller, verb: request.verb, resource: request.resource, before, after });
    return { status: 200, object: after, ...warned(outcome) };
  }

  #delete(bucket: Bucket, request: Request<'delete'>, caller: Caller): KubeReply {
    const { kind } = bucket;
    const before = bucket.find(request.namespace, request.name);
    if (before === undefined) return notFound(kind, request.name);
    const deletion = decideDeletion(kind, before, request, this.#clock());
    switch (deletion.kind) {
      case 'refused':
        return deletion.reply;
      case 'already':
        return { status: 200, object: deletion.object };
      case 'marked': {
        if (request.dryRun === true) return { status: 200, object: freeze(deletion.object) };
        const after = this.#store(bucket, deletion.object);
        this.#log.add({ caller, verb: 'delete', resource: request.resource, before, after });
        return { status: 200, object: after };
      }
      case 'gone': {
        if (request.dryRun !== true) {
          this.#drop(bucket, request.resource, before, { caller, verb: 'delete' });
        }
        return { status: 200, object: isReturned(kind) ? before : freeze(deleted(kind, before)) };
      }
    }
  }

  #store(bucket: Bucket, object: KubeObject): KubeObject {
    const resourceVersion = String(++this.#revision);
    const stored = freeze({ ...object, metadata: { ...object.metadata, resourceVersion } });
    bucket.set(stored);
    return stored;
  }

  #drop(
    bucket: Bucket,
    resource: KubeResource,
    before: KubeObject,
    how: Pick<WriteRecord, 'caller' | 'verb'>,
  ): void {
    bucket.remove(before);
    this.#revision++;
    this.#log.add({ ...how, resource, before, after: null });
  }

  /** Before anything else, of what is not served too. */
  #access(request: Exclude<KubeRequest, { verb: 'discover' }>, caller: Caller): KubeReply | null {
    if (request.resource.plural === 'selfsubjectaccessreviews') return null;
    if (this.#rule === null && caller.user !== ANONYMOUS) return null;
    const subresource = 'subresource' in request ? request.subresource : undefined;
    const { verb, namespace } = request;
    const name = 'name' in request ? request.name : '';
    return this.refusal(
      { verb, resource: accessResource(request.resource, subresource), namespace, name },
      caller,
    );
  }

  refusal({ verb, resource, namespace, name }: AccessQuestion, caller: Caller): KubeReply | null {
    if (caller.user === '') return unauthorized();
    if ((this.#rule ?? allowNamed)(caller, verb, resource, namespace)) return null;
    return denied(resource, { verb, namespace, name }, caller);
  }

  #namespaceProblem(kind: Kind, request: WriteRequest, name: string): KubeReply | null {
    if (!kind.namespaced) return null;
    const namespace = this.#namespaces.find(null, request.namespace ?? '');
    if (namespace === undefined) return notFound(this.#namespaces.kind, request.namespace ?? '');
    if (namespace.metadata.deletionTimestamp === undefined) return null;
    const why = `unable to create new content in namespace ${namespace.metadata.name} because it is being terminated`;
    const message = `namespace ${namespace.metadata.name} is being terminated`;
    return forbidden(kind, name, why, [
      { reason: 'NamespaceTerminating', message, field: 'metadata.namespace' },
    ]);
  }

  #input(kind: Kind, request: WriteRequest, caller: Caller, candidate: Dict): WriteInput {
    return {
      kind,
      name: 'name' in request ? request.name : '',
      namespace: kind.namespaced ? request.namespace : null,
      candidate,
      writer: writerOf(kind, request, caller),
      fieldValidation: request.fieldValidation ?? 'Warn',
      patched: request.verb === 'patch' && request.type !== 'apply',
      now: rfc3339(this.#clock()),
      uid: this.#uid,
      writesNullTimes: this.#writesNullTimes,
    };
  }
}

/** An object of a built-in kind need not say what it is. */
function named(kind: Kind, { object, resource }: Request<'create'>): unknown {
  if (kind.custom || !isDict(object) || 'kind' in object || 'apiVersion' in object) return object;
  return { ...object, kind: kind.kind, apiVersion: groupVersion(resource.group, resource.version) };
}

/** Who brings no credentials. */
const ANONYMOUS = 'system:anonymous';
const allowNamed: AccessRule = ({ user }) => user !== ANONYMOUS;
const hasSubresource = (kind: Kind, subresource: 'scale' | 'status' | undefined): boolean =>
  subresource === undefined || kind.subresources.includes(subresource);

/** Of a custom kind as if the object were not there. */
export const noSubresource = (kind: Kind, name: string): KubeReply =>
  kind.custom ? notFound(kind, name) : pathNotFound();

const warned = (outcome: {
  readonly warnings: readonly string[];
}): { readonly warnings?: readonly string[] } =>
  outcome.warnings.length === 0 ? {} : { warnings: outcome.warnings };
