import { type Admission, admit } from './admit.ts';
import { type Dict, textAt } from './json.ts';
import { badRequest, invalid } from './statuses.ts';
import type { KubeReply } from './types.ts';
import type { WriteInput } from './write.ts';

/** An object of another kind than the path says: with its kind, its defaults are unknown as well. */
export function wrongKind(input: WriteInput, candidate: Dict): KubeReply {
  const given = textAt(candidate, 'kind') ?? '';
  if (!input.kind.custom) return badRequest(`${given} cannot be handled as a ${input.kind.kind}`);
  const error = { reason: 'FieldValueInvalid', field: 'kind', message: `Invalid value: "${given}"` };
  const { ruleErrors } = admit(input.kind.field, candidate, null, false);
  return invalid({ kind: given, group: input.kind.group }, input.name, [error, ...ruleErrors]);
}

/** What keeps an object from being read at all. */
export function decodeProblem(input: WriteInput, admission: Admission): KubeReply | null {
  const { kind } = input;
  if (input.fieldValidation === 'Strict' && admission.unknown.length > 0) {
    const fields = admission.unknown.map((path) => `unknown field "${path}"`).join(', ');
    const message = `strict decoding error: ${fields}`;
    return input.patched
      ? brokenByPatch(message)
      : badRequest(`cannot be handled as a ${kind.kind}: ${message}`);
  }
  const wrong = admission.errors.find(
    (error) =>
      error.reason === 'FieldValueTypeInvalid' && (!kind.custom || error.field.startsWith('metadata')),
  );
  if (wrong === undefined) return null;
  const what = `${kind.kind} cannot be handled: cannot unmarshal ${wrong.field}: ${wrong.message}`;
  return input.patched ? brokenByPatch(what) : badRequest(what);
}

/** The patch is at fault that the object cannot be read any more. */
const brokenByPatch = (message: string): KubeReply =>
  invalid({ kind: '', group: '' }, '', [
    { reason: 'FieldValueInvalid', field: 'patch', message: `Invalid value: ${message}` },
  ]);
