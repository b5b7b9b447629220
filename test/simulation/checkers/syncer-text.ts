/**
 * What a ConfigMap of an adapter syncer says, read from its lines, an entry on its own ones: which names it asks for, and what
 * else stands there.
 */
import type { SeenObject, SeenWrite } from '../seen.ts';
import { at, canonical } from './routes.ts';

export const CONFIG_MAPS = 'configmaps';

const SECTION = /^\s*(ensureExist|ensure_exist|ensureNotExist|ensure_not_exist)\s*:/u;
const ID = /\bid\s*:\s*["']?([^"',}\s]+)/u;
const SKELETON =
  /^\s*(?:models|ensureNotExist|ensure_not_exist|ensureExist|ensure_exist)\s*:\s*(?:\[\s*\]|\{\s*\})?\s*$/u;

interface Entry {
  readonly id: string;
  readonly isWanted: boolean;
}

interface Line {
  readonly text: string;
  /** The id of the entry that it belongs to; null: it belongs to none. */
  readonly of: string | null;
}

interface Read {
  readonly entries: readonly Entry[];
  readonly lines: readonly Line[];
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

const withoutComment = (line: string): string => line.replace(/(^|\s)#.*$/u, '');

/** Lines of one entry of a list stand together, the first with the dash; all else stands alone. */
const blocksOf = (text: string): readonly (readonly string[])[] => {
  const blocks: string[][] = [];
  let indent: number | null = null;
  for (const line of text.split('\n')) {
    const code = withoutComment(line);
    const isInside = indent !== null && code.trim() !== '' && indentOf(code) > indent;
    if (isInside) blocks.at(-1)?.push(line);
    else {
      indent = /^\s*-(?:\s|$)/u.test(code) ? indentOf(code) : null;
      blocks.push([line]);
    }
  }
  return blocks;
};

const read = (text: string): Read => {
  const entries: Entry[] = [];
  let isWanted = true;
  const lines = blocksOf(text).flatMap((block) => {
    const code = block.map(withoutComment);
    const section = SECTION.exec(code[0] ?? '')?.[1];
    if (section !== undefined) isWanted = !/not/iu.test(section);
    const ids = code.flatMap((line) => ID.exec(line)?.[1] ?? []);
    for (const id of ids) entries.push({ id, isWanted });
    return block.map((line): Line => ({ text: line, of: ids[0] ?? null }));
  });
  return { entries, lines };
};

const texts = (object: SeenObject | null): Readonly<Record<string, string>> => {
  const data = at(object, 'data');
  return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, string>>) : {};
};

export const textOf = (object: SeenObject | null): string => Object.values(texts(object)).join('\n');

/** Is the name asked for? */
export const wants = (object: SeenObject | null, id: string): boolean =>
  read(textOf(object)).entries.some((entry) => entry.isWanted && entry.id === id);

/** Is it asked for that the name be away? */
export const unwants = (object: SeenObject | null, id: string): boolean =>
  read(textOf(object)).entries.some((entry) => !entry.isWanted && entry.id === id);

/** Names whose entries a write adds, takes away or moves. */
export const touchedIds = ({ before, after }: Pick<SeenWrite, 'before' | 'after'>): readonly string[] => {
  const [was, is] = [read(textOf(before)), read(textOf(after))];
  const ids = new Set([...was.entries, ...is.entries].map(({ id }) => id));
  const shape = ({ entries, lines }: Read, id: string): string =>
    canonical([
      entries.filter((entry) => entry.id === id).map(({ isWanted }) => isWanted),
      lines.filter(({ of }) => of === id).map(({ text }) => text),
    ]);
  return [...ids].filter((id) => shape(was, id) !== shape(is, id));
};

/** Everything but the entries of these names, and the keys that an empty list may do without. */
const restOfText = (text: string, ids: readonly string[]): string =>
  read(text)
    .lines.filter(({ of, text: line }) => !(of !== null && ids.includes(of)) && !SKELETON.test(line))
    .map(({ text: line }) => line)
    .join('\n')
    .trimEnd();

/** Is all the rest of its data the same, to the last byte? */
export const keepsRest = (
  { before, after }: Pick<SeenWrite, 'before' | 'after'>,
  ids: readonly string[],
): boolean => {
  const [was, is] = [texts(before), texts(after)];
  const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...keys].every((key) => restOfText(was[key] ?? '', ids) === restOfText(is[key] ?? '', ids));
};
