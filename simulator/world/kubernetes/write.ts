import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { type Admission, admit, type FieldError } from './admit.ts';
import { diffObjects } from './field-diff.ts';
import { type Dict, dictAt, equal, listAt, textAt, withKey, without } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import { afterUpdate, entriesOf, type ManagedEntry, type Writer } from './managed-fields.ts';
import { checkIdentity, checkMetadata } from './object-meta.ts';
import { badRequest, conflict, invalid, refuse } from './statuses.ts';
import type { KubeReply } from './types.ts';
import { decodeProblem, wrongKind } from './unreadable.ts';

/** One write on its way into the store. */
export interface WriteInput {
  readonly kind: Kind;
  readonly name: string;
  readonly namespace: string | null;
  /** The object as it shall be, in the stored version. */
  readonly candidate: Dict;
  readonly writer: Writer;
  /** Ownership, where the caller has worked it out already (server-side apply). */
  readonly managedFields?: readonly ManagedEntry[];
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  /** Came out of a patch, not from the caller's hands: what is wrong with it is the patch's fault. */
  readonly patched: boolean;
  readonly now: string;
  readonly uid: () => string;
  readonly writesNullTimes: boolean;
}

/** An accepted object still lacks the resourceVersion that storing gives it. */
export type WriteOutcome =
  | { readonly kind: 'accepted'; readonly object: KubeObject; readonly warnings: readonly string[] }
  | { readonly kind: 'unchanged'; readonly object: KubeObject; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly reply: KubeReply };

const refused = (reply: KubeReply): WriteOutcome => ({ kind: 'refused', reply });

/** A new object: checked, completed, with an owner for each field. */
export function prepareCreate(input: WriteInput): WriteOutcome {
  const { kind } = input;
  const candidate = statusIsApart(kind) ? without(input.candidate, 'status') : input.candidate;
  if (candidate['kind'] !== kind.kind) return refused(wrongKind(input, candidate));
  if (textAt(candidate['metadata'], 'resourceVersion') !== undefined) {
    return refused(refuse(500, '', 'resourceVersion should not be set on objects to be created'));
  }
  const admission = admit(kind.field, candidate, null);
  const unreadable = decodeProblem(input, admission);
  if (unreadable !== null) return refused(unreadable);
  const draft = { ...admission.value, metadata: newMetadata(input, dictAt(admission.value, 'metadata')) };
  const complete =
    kind.prepare?.(draft, {
      before: null,
      uid: input.uid,
      writesNullTimes: input.writesNullTimes,
    }) ?? draft;
  const errors = [
    ...checkMetadata(kind, dictAt(complete, 'metadata'), null),
    ...admission.errors,
    ...(kind.validate?.(complete, null) ?? []),
  ];
  const name = textAt(complete['metadata'], 'name') ?? '';
  const reply = validationReply(kind, name, errors, admission.ruleErrors);
  if (reply !== null) return refused(reply);
  const managedFields =
    input.managedFields ??
    afterUpdate(
      [],
      diffObjects(kind.field, kind.empty, ownable(kind, candidate, complete)),
      input.writer,
      input.now,
    );
  const metadata = {
    ...dictAt(complete, 'metadata'),
    ...(managedFields.length === 0 ? {} : { managedFields }),
  };
  return {
    kind: 'accepted',
    object: asObject({ ...complete, metadata }),
    warnings: warningsOf(input, admission),
  };
}

/** An object in place of `before`. A write that changes nothing is `unchanged` and must not be stored. */
export function prepareUpdate(input: WriteInput, before: KubeObject, isPut: boolean): WriteOutcome {
  const { kind } = input;
  const problem = identityProblem(input, before, isPut);
  if (problem !== null) return refused(problem);
  const candidate = ownPart(input, before);
  if (candidate['kind'] !== kind.kind) return refused(wrongKind(input, candidate));
  const admission = admit(kind.field, candidate, before);
  const unreadable = decodeProblem(input, admission);
  if (unreadable !== null) return refused(unreadable);
  const asked = dictAt(admission.value, 'metadata');
  const next = withKey(admission.value, 'metadata', keptMetadata(asked, before));
  const unchangeable = checkIdentity(asked, before.metadata as unknown as Dict);
  const errors = [
    ...unchangeable,
    // Custom kinds are checked for it twice.
    ...(kind.custom ? unchangeable : []),
    ...checkMetadata(kind, asked, before.metadata as unknown as Dict),
    ...admission.errors,
    ...(kind.validate?.(next, before) ?? []),
  ];
  const reply = validationReply(kind, input.name, errors, admission.ruleErrors);
  if (reply !== null) return refused(reply);
  const warnings = warningsOf(input, admission);
  const same = equal(next, before);
  const entries = entriesOf(before.metadata);
  if (same && (input.managedFields ?? entries) === entries)
    return { kind: 'unchanged', object: before, warnings };
  const managedFields =
    input.managedFields ??
    afterUpdate(entries, diffObjects(kind.field, before, next), input.writer, input.now);
  const metadata = {
    ...without(dictAt(next, 'metadata'), 'managedFields'),
    ...generationAfter(kind, before, next),
    ...(managedFields.length === 0 ? {} : { managedFields }),
  };
  return { kind: 'accepted', object: asObject({ ...next, metadata }), warnings };
}

/** Only the part that this door may write; the rest stays as it is stored. */
function ownPart(input: WriteInput, before: KubeObject): Dict {
  const { kind, candidate } = input;
  const stored: Dict = before;
  if (input.writer.subresource === 'status') return carryOver(stored, candidate, 'status');
  return kind.subresources.includes('status') ? carryOver(candidate, stored, 'status') : candidate;
}

const carryOver = (base: Dict, from: Dict, key: string): Dict =>
  key in from ? withKey(base, key, from[key]) : without(base, key);

function identityProblem(input: WriteInput, before: KubeObject, isPut: boolean): KubeReply | null {
  const { kind, name } = input;
  const metadata = dictAt(input.candidate, 'metadata');
  const given = textAt(metadata, 'name') ?? '';
  if (given !== name) {
    return badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
  if ((textAt(metadata, 'namespace') ?? input.namespace) !== input.namespace) {
    return badRequest('the namespace of the object does not match the namespace on the URL');
  }
  const version = textAt(metadata, 'resourceVersion') ?? '';
  if (version === '' && kind.custom) {
    const error = {
      reason: 'FieldValueInvalid',
      field: 'metadata.resourceVersion',
      message: 'Invalid value: 0: must be specified for an update',
    };
    return invalid({ kind: kind.plural, group: kind.group }, name, [error]);
  }
  if (version !== '' && version !== before.metadata.resourceVersion) {
    return conflict(
      kind,
      name,
      'the object has been modified; please apply your changes to the latest version',
    );
  }
  const uid = textAt(metadata, 'uid') ?? before.metadata.uid;
  return isPut && uid !== before.metadata.uid ? conflict(kind, name, 'Precondition failed: UID') : null;
}

/** Errors after which the server does not run a custom kind's rules. */
const BLOCKING: ReadonlySet<string> = new Set([
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueNotSupported',
  'FieldValueTypeInvalid',
]);

const RULES_NOT_RUN: FieldError = {
  reason: 'FieldValueInvalid',
  field: '<nil>',
  message: 'Invalid value: null: some validation rules were not checked because the object was invalid',
};

function validationReply(
  kind: Kind,
  name: string,
  errors: readonly FieldError[],
  ruleErrors: readonly FieldError[],
): KubeReply | null {
  const blocked = errors.some((error) => BLOCKING.has(error.reason));
  const all = blocked
    ? [...errors, ...(kind.custom && kind.hasRules ? [RULES_NOT_RUN] : [])]
    : [...errors, ...ruleErrors];
  return all.length === 0 ? null : invalid(kind, name, all);
}

function newMetadata(input: WriteInput, given: Dict): Dict {
  const { kind } = input;
  const uid = input.uid();
  const generateName = textAt(given, 'generateName') ?? '';
  const name = input.name === '' && generateName !== '' ? generateName + suffix(uid) : input.name;
  const {
    deletionTimestamp: _,
    deletionGracePeriodSeconds: __,
    managedFields: ___,
    selfLink: ____,
    ...kept
  } = given;
  return {
    ...without(kept, 'generation'),
    name,
    ...(input.namespace === null ? {} : { namespace: input.namespace }),
    uid,
    creationTimestamp: input.now,
    ...(kind.generation === 'none' ? {} : { generation: 1 }),
  };
}

/** Five letters for a generated name. */
const suffix = (uid: string): string =>
  uid
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(-5)
    .padStart(5, 'x');

/** What callers cannot change, whatever they send. */
const SERVER_FIELDS = [
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'namespace',
] as const;

function keptMetadata(asked: Dict, before: KubeObject): Dict {
  const stored = before.metadata as unknown as Dict;
  let metadata: Dict = asked;
  for (const key of SERVER_FIELDS) metadata = carryOver(metadata, stored, key);
  return equal(metadata, stored) ? stored : metadata;
}

function generationAfter(kind: Kind, before: KubeObject, after: Dict): { readonly generation?: number } {
  if (kind.generation === 'none') return {};
  const generation = before.metadata.generation ?? 1;
  return { generation: isNewGeneration(kind, before, after) ? generation + 1 : generation };
}

/** Custom kinds count every change outside metadata and status; built-in ones count `spec`, Deployments annotations as well. */
function isNewGeneration(kind: Kind, before: Dict, after: Dict): boolean {
  if (!kind.custom) {
    if (!equal(before['spec'], after['spec'])) return true;
    const annotations = (object: Dict) => dictAt(object['metadata'], 'annotations');
    return kind.generation === 'specAndAnnotations' && !equal(annotations(before), annotations(after));
  }
  const apart = statusIsApart(kind);
  const counts = (key: string): boolean => key !== 'metadata' && !(apart && key === 'status');
  return (
    Object.keys(after).some((key) => counts(key) && !equal(before[key], after[key])) ||
    Object.keys(before).some((key) => counts(key) && !(key in after))
  );
}

const statusIsApart = (kind: Kind): boolean => kind.custom && kind.subresources.includes('status');

/** A new object without what the server itself puts into it. */
function ownable(kind: Kind, candidate: Dict, complete: Dict): Dict {
  const object = without(complete, 'status');
  if (kind.allocated.length === 0) return object;
  const given = dictAt(candidate, 'spec');
  const allocated = kind.allocated.filter((key) => !(key in given));
  return { ...object, spec: allocated.reduce(without, dictAt(object, 'spec')) };
}

const warningsOf = (input: WriteInput, admission: Admission): readonly string[] =>
  input.fieldValidation === 'Ignore' ? [] : admission.unknown.map((path) => `unknown field "${path}"`);

/** The one place where a checked dict becomes an object: apiVersion, kind and metadata are there. */
export const asObject = (dict: Dict): KubeObject => dict as KubeObject;

/** Whether an object that is being deleted has nothing left to wait for. */
export const mayGo = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  listAt(object.metadata, 'finalizers').length === 0 &&
  (dictAt(object, 'metadata')['deletionGracePeriodSeconds'] ?? 0) === 0;
