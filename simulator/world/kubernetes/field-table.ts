/**
 * The language in which kinds say what their fields may hold: types, limits, defaults and rules, as a
 * CustomResourceDefinition would. `admit.ts` reads these tables, `managed-fields.ts` takes list keys from them.
 */

/** Says what is wrong with a value, or null. `before` is the stored value at the same place, undefined where there is none. */
export type Rule = (value: unknown, before: unknown) => string | null;

interface Common {
  /** Filled in where the field is absent. */
  readonly default?: unknown;
  /** Checked when nothing blocking is wrong with the object, like validation rules of a CRD. */
  readonly rules?: readonly Rule[];
}

export interface ObjectField extends Common {
  readonly type: 'object';
  readonly fields: Readonly<Record<string, Field>>;
  readonly required: readonly string[];
  /** Fields that the table does not name are kept, unseen. */
  readonly open: boolean;
  /** Owned as a whole. */
  readonly atomic: boolean;
  /** Defaults that depend on other fields. Returns the same object when there is nothing to fill in. */
  readonly normalize?: (value: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

export interface ListField extends Common {
  readonly type: 'list';
  readonly items: Field;
  readonly min: number;
  readonly max: number;
  /** Items are told apart by these fields; without them (and not a set) the list is owned as a whole. */
  readonly keys?: readonly string[];
  readonly set: boolean;
}

export interface MapField extends Common {
  readonly type: 'map';
  readonly values: Field;
  readonly min: number;
  readonly max: number;
}

export interface StringField extends Common {
  readonly type: 'string';
  readonly min: number;
  readonly max: number;
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
}

export interface IntegerField extends Common {
  readonly type: 'integer';
  readonly min: number;
  readonly max: number;
  readonly oneOf?: readonly number[];
}

export interface PlainField extends Common {
  /** `any` keeps whatever it is given. */
  readonly type: 'boolean' | 'intOrString' | 'any';
}

export type Field = ObjectField | ListField | MapField | StringField | IntegerField | PlainField;

type Options<F extends Field> = Partial<Omit<F, 'type'>>;

export const object = (
  fields: Readonly<Record<string, Field>>,
  options: Options<ObjectField> = {},
): ObjectField => ({ type: 'object', required: [], open: false, atomic: false, ...options, fields });

export const list = (items: Field, options: Options<ListField> = {}): ListField => ({
  type: 'list',
  min: 0,
  max: Number.POSITIVE_INFINITY,
  set: false,
  ...options,
  items,
});

export const map = (values: Field, options: Options<MapField> = {}): MapField => ({
  type: 'map',
  min: 0,
  max: Number.POSITIVE_INFINITY,
  ...options,
  values,
});

export const string = (options: Options<StringField> = {}): StringField => ({
  type: 'string',
  min: 0,
  max: Number.POSITIVE_INFINITY,
  ...options,
});

export const integer = (options: Options<IntegerField> = {}): IntegerField => ({
  type: 'integer',
  min: Number.NEGATIVE_INFINITY,
  max: Number.POSITIVE_INFINITY,
  ...options,
});

export const oneOf = (...values: readonly string[]): StringField => string({ oneOf: values });

export const boolean: PlainField = { type: 'boolean' };
export const intOrString: PlainField = { type: 'intOrString' };
export const any: PlainField = { type: 'any' };

/** The same field with a default. */
export const defaulted = <F extends Field>(field: F, value: unknown): F => ({ ...field, default: value });

/** DNS names. Source: RFC 1123 as the API conventions quote it. */
export const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
export const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
export const KIND_NAME = /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/;

export const objectName = string({ min: 1, max: 253 });
export const sectionName = string({ min: 1, max: 253, pattern: SUBDOMAIN });
export const groupName = string({ max: 253, pattern: new RegExp(`^$|${SUBDOMAIN.source}`) });
export const kindName = string({ min: 1, max: 63, pattern: KIND_NAME });
export const namespaceName = string({ min: 1, max: 63, pattern: LABEL });
export const port = integer({ min: 1, max: 65_535 });

/** `metav1.Condition`. */
export const condition = object(
  {
    lastTransitionTime: string({
      pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
    }),
    message: string({ max: 32_768 }),
    observedGeneration: integer({ min: 0 }),
    reason: string({ min: 1, max: 1024, pattern: /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/ }),
    status: oneOf('True', 'False', 'Unknown'),
    type: string({
      max: 316,
      pattern:
        /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
    }),
  },
  { required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'] },
);

export const conditions = (options: Partial<ListField> = {}): ListField =>
  list(condition, { max: 8, keys: ['type'], ...options });
