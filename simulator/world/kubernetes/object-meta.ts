import type { FieldError } from './admit.ts';
import { LABEL, SUBDOMAIN } from './field-table.ts';
import { type Dict, dictAt, listAt, textAt, utf8Bytes } from './json.ts';
import type { Kind } from './kinds/kind.ts';

const ANNOTATIONS_LIMIT_BYTES = 262_144;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const QUALIFIED_NAME = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const invalid = (field: string, message: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${message}`,
});

/** Checks name, labels and annotations. What is the very same as `before` was checked when it came. */
export function checkMetadata(kind: Kind, metadata: Dict, before: Dict | null): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (before === null && kind.name !== 'none') {
    const name = textAt(metadata, 'name') ?? '';
    if (name === '')
      errors.push({
        reason: 'FieldValueRequired',
        field: 'metadata.name',
        message: 'name or generateName is required',
      });
    else if (!isName(kind.name, name)) errors.push(invalid('metadata.name', `"${name}"`));
  }
  if (metadata['labels'] !== before?.['labels']) errors.push(...checkLabels(dictAt(metadata, 'labels')));
  if (metadata['annotations'] !== before?.['annotations']) {
    errors.push(...checkAnnotations(dictAt(metadata, 'annotations')));
  }
  return errors;
}

function isName(rule: Kind['name'], name: string): boolean {
  switch (rule) {
    case 'subdomain':
      return name.length <= 253 && SUBDOMAIN.test(name);
    case 'label':
      return name.length <= 63 && LABEL.test(name);
    case 'service':
      return name.length <= 63 && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name);
    case 'none':
      return true;
    case 'path':
      return name !== '.' && name !== '..' && !/[/%]/.test(name);
  }
}

function checkLabels(labels: Dict): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    if (!isQualifiedName(key)) errors.push(invalid('metadata.labels', `"${key}": name part is not one`));
    if (typeof value === 'string' && (value.length > 63 || !LABEL_VALUE.test(value))) {
      errors.push(
        invalid('metadata.labels', `"${value}": must be no more than 63 bytes of the usual characters`),
      );
    }
  }
  return errors;
}

function checkAnnotations(annotations: Dict): readonly FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    if (!isQualifiedName(key.toLowerCase())) {
      errors.push(invalid('metadata.annotations', `"${key}": name part is not one`));
    }
    bytes += utf8Bytes(key) + (typeof value === 'string' ? utf8Bytes(value) : 0);
  }
  if (bytes > ANNOTATIONS_LIMIT_BYTES) {
    const message = `Too long: may not be more than ${ANNOTATIONS_LIMIT_BYTES} bytes`;
    errors.push({ reason: 'FieldValueTooLong', field: 'metadata.annotations', message });
  }
  return errors;
}

const isQualifiedName = (key: string): boolean =>
  QUALIFIED_NAME.test(key) && key.slice(key.indexOf('/') + 1).length <= 63;

/** Fields that an update may leave out but not change. */
export function checkIdentity(metadata: Dict, before: Dict): readonly FieldError[] {
  const changed = ['uid', 'creationTimestamp']
    .filter((key) => metadata[key] !== undefined && metadata[key] !== before[key])
    .map((key) => invalid(`metadata.${key}`, 'field is immutable'));
  const held = before['deletionTimestamp'] === undefined ? null : listAt(before, 'finalizers');
  if (held === null || listAt(metadata, 'finalizers').every((one) => held.includes(one))) return changed;
  const message = 'Forbidden: no new finalizers can be added if the object is being deleted';
  return [...changed, { reason: 'FieldValueForbidden', field: 'metadata.finalizers', message }];
}
