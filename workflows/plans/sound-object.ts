/**
 * The gate through which every object from outside comes in: what the types say of `metadata` then holds. Spec and
 * status stay what others made of them, and are read with fields.ts.
 */
import type { KubeObject, KubeResource } from '../kubernetes.ts';

type Fields = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TEXTS = ['namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp'] as const;
const OWNER_TEXTS = ['apiVersion', 'kind', 'name', 'uid'] as const;
const MANAGER_TEXTS = ['manager', 'operation', 'time', 'subresource'] as const;

const OPTIONAL = [
  ...TEXTS,
  'generation',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;

const isTextOrAbsent = (value: unknown): boolean => value === undefined || typeof value === 'string';

const hasTexts = (value: unknown, names: readonly string[]): boolean =>
  isMap(value) && names.every((name) => isTextOrAbsent(value[name]));

const isTextMap = (value: unknown): boolean => {
  if (value === undefined) return true;
  if (!isMap(value)) return false;
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
};

const isListOf = (value: unknown, fits: (item: unknown) => boolean): boolean =>
  value === undefined || (Array.isArray(value) && value.every(fits));

const isSound = (metadata: Fields): boolean =>
  typeof metadata['name'] === 'string' &&
  hasTexts(metadata, TEXTS) &&
  (metadata['generation'] === undefined || Number.isSafeInteger(metadata['generation'])) &&
  isTextMap(metadata['labels']) &&
  isTextMap(metadata['annotations']) &&
  isListOf(metadata['ownerReferences'], (owner) => hasTexts(owner, OWNER_TEXTS)) &&
  isListOf(metadata['finalizers'], (finalizer) => typeof finalizer === 'string') &&
  isListOf(metadata['managedFields'], (entry) => hasTexts(entry, MANAGER_TEXTS));

/** The API means the same by null as by nothing at all. */
const withoutNulls = (metadata: Fields): Fields => {
  if (OPTIONAL.every((name) => metadata[name] !== null)) return metadata;
  return Object.fromEntries(
    Object.entries(metadata).filter(
      ([name, value]) => value !== null || !OPTIONAL.some((one) => one === name),
    ),
  );
};

/**
 * The object with metadata as the API promises them; null where they are anything else. Mostly it is the very value that
 * was given: nulls are left out, and `resource` names the kind where a list does not.
 */
export const soundObject = (value: unknown, resource?: KubeResource): KubeObject | null => {
  if (!isMap(value) || !isMap(value['metadata'])) return null;
  const metadata = withoutNulls(value['metadata']);
  if (!isSound(metadata)) return null;
  const isNamed = value['apiVersion'] !== undefined || value['kind'] !== undefined;
  if (isNamed || resource === undefined) {
    if (typeof value['apiVersion'] !== 'string' || typeof value['kind'] !== 'string') return null;
    return (metadata === value['metadata'] ? value : { ...value, metadata }) as unknown as KubeObject;
  }
  const { group, version, kind } = resource;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return { ...value, metadata, apiVersion, kind } as unknown as KubeObject;
};
