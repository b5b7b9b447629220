/** The journal is a chain: each entry carries the hash of the one before, the document the hash of the last. */
import { canonicalJson, sha256Hex } from '../spec/canonical.ts';
import type { JournalEntry } from './stored.ts';

/** SHA-256 over canonical JSON (RFC 8785) of everything but the hash itself. */
export const entryHash = (entry: Omit<JournalEntry, 'hash'>): string => sha256Hex(canonicalJson(entry));

/** The entry with its hash. */
export const sealEntry = (entry: Omit<JournalEntry, 'hash'>): JournalEntry => ({
  ...entry,
  hash: entryHash(entry),
});
