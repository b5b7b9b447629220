/**
 * What the client library decodes gives every unset field of proto3 a default, and nothing tells input from output. Both
 * are mended here by the library's own description of its messages, so that a new field of the API needs no work.
 */
import { createRequire } from 'node:module';

interface FieldJson {
  readonly type: string;
  readonly rule?: string;
  readonly keyType?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

interface TypeJson {
  readonly fields?: Readonly<Record<string, FieldJson>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly nested?: Readonly<Record<string, TypeJson>>;
}

type Fields = Readonly<Record<string, unknown>>;

interface Scoped {
  readonly json: TypeJson;
  /** Names of the packages and messages around it, and its own. */
  readonly path: readonly string[];
}

let root: TypeJson | null = null;

/** The library has loaded the same file: Node's cache of modules gives it back. */
const protoRoot = (): TypeJson => {
  root ??= createRequire(import.meta.url)('@google-cloud/container/build/protos/protos.json') as TypeJson;
  return root;
};

const at = (path: readonly string[]): TypeJson | undefined =>
  path.reduce<TypeJson | undefined>((json, name) => json?.nested?.[name], protoRoot());

/** Protobuf's scoping: the innermost scope that has the name. Undefined for a scalar. */
const resolve = (name: string, scope: readonly string[]): Scoped | undefined => {
  const names = name.split('.');
  for (let depth = scope.length; depth >= 0; depth--) {
    const path = [...scope.slice(0, depth), ...names];
    const json = at(path);
    if (json !== undefined) return { json, path };
  }
  return undefined;
};

const isOutputOnly = ({ options }: FieldJson): boolean =>
  [options?.['(google.api.field_behavior)']].flat().includes('OUTPUT_ONLY');

const isMessage = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const isDefault = (value: unknown, type: Scoped | undefined): boolean => {
  if (typeof value === 'string')
    return value === '' || type?.json.values?.[value] === 0 || (value === '0' && type === undefined);
  return value === 0 || value === false || (value instanceof Uint8Array && value.length === 0);
};

const one = (value: unknown, type: Scoped | undefined): unknown =>
  type?.json.fields !== undefined && isMessage(value) ? setFields(value, type) : value;

/** The value as it was set; undefined where it was not. */
const setValue = (value: unknown, field: FieldJson, scope: readonly string[]): unknown => {
  if (value === undefined || value === null) return undefined;
  const type = resolve(field.type, scope);
  if (field.keyType !== undefined) {
    const entries = Object.entries(isMessage(value) ? value : {});
    return entries.length === 0
      ? undefined
      : Object.fromEntries(entries.map(([key, item]) => [key, one(item, type)]));
  }
  if (field.rule === 'repeated') {
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    return list.length === 0 ? undefined : list.map((item) => one(item, type));
  }
  if (type?.json.fields !== undefined) return one(value, type);
  // `optional` tells "set to false" from "not set"; the library then leaves out what was not.
  const isOptional = field.options?.['proto3_optional'] === true;
  return !isOptional && isDefault(value, type) ? undefined : value;
};

const setFields = (message: Fields, { json, path }: Scoped): Fields => {
  const set: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(json.fields ?? {})) {
    const value = isOutputOnly(field) ? undefined : setValue(message[name], field, path);
    if (value !== undefined) set[name] = value;
  }
  return set;
};

/**
 * The fields of a decoded message that were set by whoever made it: no defaults, none that only the server writes.
 * @param type Full name, e.g. `google.container.v1.NodePool`; of a message that the library does not know: no fields.
 */
export const inputFields = (message: object, type: string): Fields => {
  const scoped = resolve(type, []);
  return scoped === undefined ? {} : setFields(message as Fields, scoped);
};
