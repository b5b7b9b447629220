import type { FieldError } from '../admit.ts';
import { any, type Field, list, map, type ObjectField, object, string } from '../field-table.ts';
import type { Dict } from '../json.ts';

/** What a kind's own code may know when it prepares an object for storage. */
export interface PrepareContext {
  /** The object that is replaced; null on create. */
  readonly before: Dict | null;
  readonly uid: () => string;
  /** Servers before 1.34 write an absent time of a pod template as null. */
  readonly writesNullTimes: boolean;
}

/** One served kind. */
export interface Kind {
  readonly group: string;
  /** The first one is preferred, and the one objects are stored in. */
  readonly versions: readonly string[];
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Defined by a CustomResourceDefinition; the server treats those differently in many small ways. */
  readonly custom: boolean;
  readonly subresources: readonly ('status' | 'scale')[];
  /** What a generation counts. */
  readonly generation: 'none' | 'spec' | 'specAndAnnotations';
  /** The whole object, metadata included. */
  readonly field: ObjectField;
  /** The table has rules, which a blocking error keeps from being run. */
  readonly hasRules: boolean;
  /** What names must look like; `none`: objects that are answered and forgotten need none. */
  readonly name: 'subdomain' | 'label' | 'service' | 'path' | 'none';
  /** What ownership of fields starts from: for built-in kinds, the fields that the type always has. */
  readonly empty: Dict;
  /** Fields of `spec` that the server fills in after it is settled who owns what. */
  readonly allocated: readonly string[];
  /** Checks across fields, for built-in kinds. */
  readonly validate?: (after: Dict, before: Dict | null) => readonly FieldError[];
  /** Fills in what the server itself decides. */
  readonly prepare?: (object: Dict, context: PrepareContext) => Dict;
}

const METADATA = object({
  name: string(),
  generateName: string(),
  namespace: string(),
  uid: string(),
  resourceVersion: string(),
  generation: any,
  creationTimestamp: string(),
  deletionTimestamp: string(),
  deletionGracePeriodSeconds: any,
  labels: map(string()),
  annotations: map(string()),
  finalizers: list(string(), { set: true }),
  ownerReferences: list(any, { keys: ['uid'] }),
  managedFields: any,
  selfLink: string(),
});

interface KindInput {
  readonly group: string;
  readonly version: string | readonly string[];
  readonly plural: string;
  readonly kind: string;
  /** Top-level fields beside apiVersion, kind and metadata. */
  readonly fields: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
  readonly open?: boolean;
  readonly namespaced?: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly ('status' | 'scale')[];
  readonly generation?: Kind['generation'];
  readonly name?: Kind['name'];
  readonly empty?: Dict;
  readonly allocated?: readonly string[];
  readonly validate?: Kind['validate'];
  readonly prepare?: Kind['prepare'];
}

function kind(input: KindInput, custom: boolean): Kind {
  const fields = { apiVersion: string(), kind: string(), metadata: METADATA, ...input.fields };
  const field = object(fields, { required: input.required ?? [], open: input.open ?? false });
  return {
    group: input.group,
    versions: typeof input.version === 'string' ? [input.version] : input.version,
    plural: input.plural,
    singular: input.kind.toLowerCase(),
    kind: input.kind,
    shortNames: input.shortNames ?? [],
    categories: input.categories ?? [],
    namespaced: input.namespaced ?? true,
    custom,
    subresources: input.subresources ?? (custom ? ['status'] : []),
    generation: input.generation ?? (custom ? 'spec' : 'none'),
    field,
    hasRules: hasRules(field),
    name: input.name ?? 'subdomain',
    empty: input.empty ?? {},
    allocated: input.allocated ?? [],
    ...(input.validate === undefined ? {} : { validate: input.validate }),
    ...(input.prepare === undefined ? {} : { prepare: input.prepare }),
  };
}

/** A kind that a CustomResourceDefinition defines; with status unless said otherwise. */
export const customKind = (input: KindInput): Kind => kind(input, true);

/** A kind of the API server itself. */
export const builtInKind = (input: KindInput): Kind => kind(input, false);

function hasRules(field: Field): boolean {
  if (field.rules !== undefined) return true;
  if (field.type === 'object') return Object.values(field.fields).some(hasRules);
  if (field.type === 'list') return hasRules(field.items);
  return field.type === 'map' ? hasRules(field.values) : false;
}
