import type { CommitBatch } from '../ports.ts';
import { parseDocument } from './parse-document.ts';
import { storeFailure } from './store-failure.ts';
import { DOCUMENT_BYTES_MAX, type JournalEntry, type RolloutDocument } from './stored.ts';

/** What lies beside the document fits into one record of any store (Firestore: 1 MiB with names and overhead). */
const RECORD_BYTES_MAX = 1_000_000;

/** A batch that may be written, with its texts. */
export interface CheckedBatch {
  readonly document: RolloutDocument;
  readonly documentJson: string;
  readonly entryJsons: readonly string[];
}

/**
 * Everything about a batch that can be known without looking into the store: schema, size, order of the entries, and
 * that no value is lost on the way. Called before each commit.
 * @throws RetryableError `document-newer`
 * @throws TerminalError `document-too-large`, `entry-too-large`, `attachment-too-large`
 * @throws InvariantError `document-broken`, `not-storable`, `revision-step`, `journal-gap`, `journal-foreign`
 */
export function checkBatch(batch: CommitBatch): CheckedBatch {
  const document = parseDocument(batch.document);
  if (batch.expectedRevision !== null && document.revision !== batch.expectedRevision + 1) {
    throw storeFailure(
      'revision-step',
      `Revision ${document.revision} cannot follow ${batch.expectedRevision}.`,
    );
  }
  refuseUnstorable(document.outbox, 'outbox', false);
  const documentJson = JSON.stringify(document);
  refuseLarge(documentJson, DOCUMENT_BYTES_MAX, 'document-too-large');
  for (const text of Object.values(batch.attachments ?? {})) {
    refuseLarge(text, RECORD_BYTES_MAX, 'attachment-too-large');
  }
  return { document, documentJson, entryJsons: entryTexts(batch.entries, document.rolloutId) };
}

function entryTexts(entries: readonly JournalEntry[], rolloutId: string): readonly string[] {
  let previous: number | null = null;
  return entries.map((entry) => {
    if (entry.rolloutId !== rolloutId) {
      throw storeFailure('journal-foreign', `An entry of ${entry.rolloutId} in a commit of ${rolloutId}.`);
    }
    if (
      !Number.isSafeInteger(entry.seq) ||
      entry.seq < 1 ||
      (previous !== null && entry.seq !== previous + 1)
    ) {
      throw storeFailure('journal-gap', `Entry ${entry.seq} cannot follow ${previous ?? 0}.`);
    }
    previous = entry.seq;
    refuseUnstorable(entry, `entry ${entry.seq}`, true);
    const json = JSON.stringify(entry);
    refuseLarge(json, RECORD_BYTES_MAX, 'entry-too-large');
    return json;
  });
}

function refuseLarge(
  text: string,
  bytesMax: number,
  code: 'document-too-large' | 'entry-too-large' | 'attachment-too-large',
): void {
  // A UTF-16 unit is at most 3 bytes of UTF-8: most texts need not be encoded to be weighed.
  if (text.length * 3 <= bytesMax) return;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > bytesMax) throw storeFailure(code, `${bytes} bytes are more than the ${bytesMax} allowed.`);
}

/** Stops at what JSON drops in silence and, where `nestedArrays` is false, at what Firestore refuses. */
function refuseUnstorable(value: unknown, path: string, nestedArrays: boolean): void {
  const fault = unstorable(value, nestedArrays);
  if (fault !== null) throw storeFailure('not-storable', `${path}${fault}`);
}

/** null, or `.where.it.is: what`. The path is put together only once something is found. */
function unstorable(value: unknown, nestedArrays: boolean): string | null {
  if (typeof value === 'string' || value === null || typeof value === 'boolean') return null;
  if (typeof value === 'number' && Number.isFinite(value)) return null;
  if (typeof value !== 'object') return `: ${typeof value === 'number' ? value : typeof value}.`;
  const isArray = Array.isArray(value);
  for (const key in value) {
    const part = (value as Readonly<Record<string, unknown>>)[key];
    if (!nestedArrays && isArray && Array.isArray(part)) return `.${key}: an array in an array.`;
    const fault = unstorable(part, nestedArrays);
    if (fault !== null) return `.${key}${fault}`;
  }
  return null;
}
