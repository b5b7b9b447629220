/** A planted bug as plain data: text of the product that is replaced when it is loaded. Nothing in the product knows of it. */

import type { Emphasis } from '../draw/emphasis.ts';
import type { Rule } from '../seen.ts';

export interface Edit {
  /** From the project's root, with `/`. */
  readonly file: string;
  /** Occurs in the file's text exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** Whose checker must report it. */
  readonly rule: Rule;
  /** The mistake, in a sentence. */
  readonly why: string;
  /** Several where the same mistake has to be made in more than one place, or where a second guard would hide it. */
  readonly edits: readonly Edit[];
  /** What trials dwell on while it is hunted; absent: nothing in particular. */
  readonly emphasis?: Emphasis;
}

export const occurrencesOf = (text: string, find: string): number =>
  find === '' ? 0 : text.split(find).length - 1;

/** A file's text with all edits of that file. @throws Error where one does not match exactly once. */
export const applyEdits = (text: string, edits: readonly Edit[]): string => {
  let changed = text;
  for (const { file, find, replace } of edits) {
    const count = occurrencesOf(changed, find);
    if (count !== 1) throw new Error(`${file}: the text to replace occurs ${count} times: ${find}`);
    changed = changed.replace(find, () => replace);
  }
  return changed;
};
