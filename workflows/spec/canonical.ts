import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { InvariantError } from '../errors.ts';

/**
 * JSON text that is the same for equal values, whatever the order of their keys: hashes are taken over it.
 * Keys in order of their UTF-16 code units, no white space, numbers as ECMAScript writes them
 * (RFC 8785, JSON Canonicalization Scheme). A property that is undefined is left out, as in JSON.stringify.
 * @throws InvariantError on what JSON cannot say: NaN, infinity, functions, bigints, undefined in an array.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new InvariantError('not-json', `canonicalJson: ${String(value)}`);
    return String(value);
  }
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object') throw new InvariantError('not-json', `canonicalJson: a ${typeof value}`);
  return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value);
}

/** Characters that stand for themselves in JSON: most of our texts have no others. */
const PLAIN = /^[\w .:/%-]*$/;

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

function canonicalArray(items: readonly unknown[]): string {
  let text = '[';
  for (let index = 0; index < items.length; index += 1) {
    if (index > 0) text += ',';
    text += canonicalJson(items[index]);
  }
  return `${text}]`;
}

/** Every journal entry is hashed over this text: no intermediate lists, no comparisons of our own. */
function canonicalObject(value: object): string {
  let text = '{';
  for (const key of Object.keys(value).sort()) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    if (item === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${quoted(key)}:${canonicalJson(item)}`;
  }
  return `${text}}`;
}

/** SHA-256 of the text's UTF-8 bytes, as 64 lower-case hexadecimal digits (FIPS 180-4). */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
