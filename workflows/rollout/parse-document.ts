import { storeFailure } from './store-failure.ts';
import { type RolloutDocument, rolloutDocumentSchema, SCHEMA_VERSION } from './stored.ts';

/** True when a newer Sluice wrote this: then nothing else about it may be assumed (protocol P1). */
function isNewer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) return false;
  return typeof value.schemaVersion === 'number' && value.schemaVersion > SCHEMA_VERSION;
}

/**
 * The document, checked: after each read and before each write.
 * @throws RetryableError `document-newer`: a newer instance will know what to do with it.
 * @throws InvariantError `document-broken`: names the first field that is wrong.
 */
export function parseDocument(value: unknown): RolloutDocument {
  if (isNewer(value)) {
    throw storeFailure('document-newer', `The document's schema is newer than version ${SCHEMA_VERSION}.`);
  }
  const parsed = rolloutDocumentSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'document' : issue.path.join('.');
  throw storeFailure(
    'document-broken',
    `Not a rollout's document: ${where}: ${issue?.message ?? 'unreadable'}.`,
  );
}
