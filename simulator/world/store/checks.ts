/**
 * What a document database and its adapter refuse, found without turning a document into text: a call costs a walk
 * over a few dozen fields. Everything that passes is frozen and shared from then on.
 */
import type { CommitBatch } from '../../../workflows/ports.ts';
import type { RolloutDocument } from '../../../workflows/rollout/stored.ts';

/** `code`: a name of google.rpc.Code, or of what an adapter finds before it sends anything. */
export interface StoreFailure {
  readonly code: string;
  readonly message: string;
}

const DOCUMENT_BYTES_MAX = 256 * 1024;
const RECORD_BYTES_MAX = 1_000_000;
const SCHEMA_VERSION: RolloutDocument['schemaVersion'] = 1;
/** The longest that one UTF-16 unit becomes inside JSON: `\u0000`. */
const BYTES_PER_UNIT_MAX = 6;
/** More than punctuation and digits of any value take. */
const BYTES_PER_VALUE = 32;

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => Number.isFinite(value);
const textOrNull: Check = (value) => value === null || typeof value === 'string';
const numberOrNull: Check = (value) => value === null || Number.isFinite(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const record =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && wrongField(value, fields) === null;

const FIELDS: Readonly<Record<keyof RolloutDocument, Check>> = {
  schemaVersion: (value) => value === SCHEMA_VERSION,
  rolloutId: text,
  revision: number,
  lastCommitId: text,
  machineVersion: text,
  machineHash: text,
  state: text,
  held: textOrNull,
  wakeAtMs: numberOrNull,
  createdAtMs: number,
  finishedAtMs: numberOrNull,
  poolKey: text,
  watches: list(text),
  lastNowMs: number,
  fence: number,
  failures: number,
  spec: text,
  plan: textOrNull,
  snapshot: text,
  rollbackRecord: textOrNull,
  recordExecuted: textOrNull,
  timers: list(record({ id: text, token: text, dueAtMs: number })),
  outbox: list(
    record({
      id: text,
      effect: (value) => isRecord(value) && typeof value['kind'] === 'string',
      fence: number,
      notBeforeMs: number,
    }),
  ),
  seen: list(text),
  journalSeq: number,
  journalHash: text,
  publishedSeq: number,
};

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first field that is missing, wrong or unknown. */
function wrongField(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Check>>,
): string | null {
  for (const name in fields) if (fields[name]?.(value[name]) !== true) return name;
  for (const name in value) if (!Object.hasOwn(fields, name)) return name;
  return null;
}

/** Why a stored document cannot be handed out; null when it can. */
export function unreadable(document: unknown): StoreFailure | null {
  if (!isRecord(document)) return { code: 'document-broken', message: 'not an object' };
  const version = document['schemaVersion'];
  if (typeof version === 'number' && version > SCHEMA_VERSION) {
    return { code: 'document-newer', message: `schema version ${version}` };
  }
  const field = wrongField(document, FIELDS);
  return field === null ? null : { code: 'document-broken', message: field };
}

/** Why a batch can never be written; null when it can. Freezes the document and the entries. */
export function unwritable(batch: CommitBatch): StoreFailure | null {
  const { document, entries, expectedRevision } = batch;
  const broken = unreadable(document);
  if (broken !== null) return broken;
  if (expectedRevision !== null && document.revision !== expectedRevision + 1) {
    return { code: 'revision-step', message: `${document.revision} after ${expectedRevision}` };
  }
  const fault =
    freezeChecked(document, DOCUMENT_BYTES_MAX, 'document-too-large', false) ??
    entriesFault(entries, document.rolloutId);
  if (fault !== null) return fault;
  for (const attachment of Object.values(batch.attachments ?? {})) {
    if (isLarger(attachment, RECORD_BYTES_MAX))
      return { code: 'attachment-too-large', message: 'attachment' };
  }
  return null;
}

function entriesFault(entries: CommitBatch['entries'], rolloutId: string): StoreFailure | null {
  for (const [index, entry] of entries.entries()) {
    if (entry.rolloutId !== rolloutId) return { code: 'journal-foreign', message: entry.rolloutId };
    const before = entries[index - 1];
    if (!Number.isSafeInteger(entry.seq) || entry.seq < 1 || (before && entry.seq !== before.seq + 1)) {
      return { code: 'journal-gap', message: `entry ${entry.seq}` };
    }
    // An entry is stored as text, in which arrays may nest.
    const fault = freezeChecked(entry, RECORD_BYTES_MAX, 'entry-too-large', true);
    if (fault !== null) return fault;
  }
  return null;
}

function freezeChecked(
  value: unknown,
  bytesMax: number,
  tooLarge: string,
  nestedArrays: boolean,
): StoreFailure | null {
  const walk = new FreezingWalk(nestedArrays);
  walk.visit(value, '');
  if (walk.unstorable !== null) return { code: 'not-storable', message: walk.unstorable };
  if (walk.bytesAtMost <= bytesMax) return null;
  return isLarger(JSON.stringify(value), bytesMax)
    ? { code: tooLarge, message: `over ${bytesMax} bytes` }
    : null;
}

/** In UTF-8, in which a UTF-16 unit takes at most 3 bytes. */
function isLarger(value: string, bytesMax: number): boolean {
  return value.length * 3 > bytesMax && new TextEncoder().encode(value).length > bytesMax;
}

class FreezingWalk {
  /** Where the first value is that would be lost or refused. */
  unstorable: string | null = null;
  bytesAtMost = 0;
  readonly #nestedArrays: boolean;

  constructor(nestedArrays: boolean) {
    this.#nestedArrays = nestedArrays;
  }

  visit(value: unknown, path: string): void {
    this.bytesAtMost += BYTES_PER_VALUE;
    if (typeof value === 'string') {
      this.bytesAtMost += value.length * BYTES_PER_UNIT_MAX;
    } else if (typeof value === 'object' && value !== null) {
      this.#visitParts(value, path);
    } else if (value !== null && typeof value !== 'boolean' && !Number.isFinite(value)) {
      this.unstorable ??= path;
    }
  }

  #visitParts(value: object, path: string): void {
    if (Array.isArray(value)) {
      for (const part of value) {
        if (!this.#nestedArrays && Array.isArray(part)) this.unstorable ??= path;
        this.visit(part, path);
      }
    } else {
      for (const key in value) {
        this.bytesAtMost += key.length * BYTES_PER_UNIT_MAX;
        this.visit((value as Readonly<Record<string, unknown>>)[key], key);
      }
    }
    if (!Object.isFrozen(value)) Object.freeze(value);
  }
}
