import type { FieldError } from './admit.ts';
import { invalid } from './statuses.ts';
import type { KubeReply } from './types.ts';

const OPTIONS_GROUP = 'meta.k8s.io';
const MANAGER_MAX = 128;
const VALIDATIONS: readonly string[] = ['', 'Ignore', 'Warn', 'Strict'];

/** What is wrong with the query of a write; null where nothing is. Source: apimachinery, validation of `CreateOptions` and its kin. */
export function optionsProblem(
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  query: ReadonlyMap<string, string>,
  mayForce = true,
): KubeReply | null {
  const errors: FieldError[] = [];
  const wrong = (field: string, reason: string, message: string): void =>
    void errors.push({ field, reason, message });
  const dry = query.get('dryRun') ?? '';
  if (dry !== '' && dry !== 'All') wrong('dryRun', 'FieldValueNotSupported', `Unsupported value: "${dry}"`);
  if (!mayForce && query.has('force'))
    wrong('force', 'FieldValueForbidden', 'Forbidden: may not be specified for non-apply patch');
  if ((query.get('fieldManager') ?? '').length > MANAGER_MAX)
    wrong('fieldManager', 'FieldValueTooLong', `Too long: may not be more than ${MANAGER_MAX} bytes`);
  const validation = query.get('fieldValidation') ?? '';
  if (!VALIDATIONS.includes(validation))
    wrong('fieldValidation', 'FieldValueNotSupported', `Unsupported value: "${validation}"`);
  return errors.length === 0 ? null : invalid({ kind, group: OPTIONS_GROUP }, '', errors);
}
