/**
 * Putting entries into YAML text and taking them out, as text: every byte outside the entry stays. Lists and maps are those
 * of a document that was parsed from this very text with its source tokens kept.
 */
import {
  type CST,
  isNode,
  isPair,
  isScalar,
  type Node,
  type Range,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/** Values of a new entry: texts, and lists and maps of such. */
type Plain = string | readonly Plain[] | { readonly [key: string]: Plain };

/** The text with one more item at the end of the list. */
export const appendItem = (text: string, list: YAMLSeq, item: Plain): string => {
  if (list.flow === true || list.items.length === 0) return inBrackets(text, list, JSON.stringify(item));
  const column = columnOf(text, dashOf(list, list.items.length - 1));
  return withLines(text, lineAfter(text, endOf(list.items.at(-1))), linesOf([item], column));
};

/** The text with one more key at the end of the map. */
export const appendPair = (
  text: string,
  map: YAMLMap,
  { key, value }: { readonly key: string; readonly value: Plain },
): string => {
  if (map.flow === true || map.items.length === 0)
    return inBrackets(text, map, `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  const [first] = map.items;
  const column = columnOf(text, startOf(first?.key));
  const last = map.items.at(-1);
  return withLines(text, lineAfter(text, endOf(last?.value ?? last?.key)), linesOf({ [key]: value }, column));
};

/** The text without the item; the last one of a list leaves an empty list. */
export const cutItem = (text: string, list: YAMLSeq, index: number): string => {
  const item = list.items[index];
  if (list.flow === true) return cutInBrackets(text, list, index);
  const lines = linesFrom(text, dashOf(list, index), endOf(item));
  if (list.items.length > 1) return without(text, lines);
  const keyEnd = text.lastIndexOf(':', startOf(list)) + 1;
  const rest = without(text, lines);
  return `${rest.slice(0, keyEnd)} []${rest.slice(keyEnd)}`;
};

/** The text without the key and all that is below it. */
export const cutPair = (text: string, map: YAMLMap, key: string): string => {
  const pair = map.items.find((one) => isPair(one) && isScalar(one.key) && one.key.value === key);
  return pair === undefined ? text : without(text, linesFrom(text, startOf(pair.key), endOf(pair.value)));
};

type Span = readonly [from: number, to: number];

/** Where a node begins, and where its value ends: what follows are comments and blank lines. */
const rangeOf = (node: unknown): Range => (isNode(node) ? ((node as Node).range ?? NOWHERE) : NOWHERE);

/** A place that gives text which the caller's proof refuses. */
const NOWHERE: Range = [0, 0, 0];

const startOf = (node: unknown): number => rangeOf(node)[0];
const endOf = (node: unknown): number => rangeOf(node)[1];

/** Where the dash of an item stands. */
const dashOf = (list: YAMLSeq, index: number): number => {
  const token = list.srcToken;
  if (token === undefined || token.type !== 'block-seq') return 0;
  const item: CST.CollectionItem | undefined = token.items[index];
  return item?.start.find(({ type }) => type === 'seq-item-ind')?.offset ?? 0;
};

const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;
const columnOf = (text: string, offset: number): number => offset - lineStart(text, offset);

/** Start of the line after the one in which a value ends; a block of text ends at the start of that line already. */
const lineAfter = (text: string, end: number): number => {
  if (end > 0 && text[end - 1] === '\n') return end;
  const newline = text.indexOf('\n', end);
  return newline < 0 ? text.length : newline + 1;
};

const linesFrom = (text: string, from: number, end: number): Span => [
  lineStart(text, from),
  lineAfter(text, end),
];

/** A text whose last line has no end keeps it that way. */
const without = (text: string, [from, to]: Span): string =>
  to === text.length && !text.endsWith('\n')
    ? text.slice(0, from).replace(/\r?\n$/, '')
    : text.slice(0, from) + text.slice(to);

const withLines = (text: string, offset: number, lines: readonly string[]): string => {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const block = lines.join(newline);
  return offset === text.length && !text.endsWith('\n')
    ? `${text}${newline}${block}`
    : `${text.slice(0, offset)}${block}${newline}${text.slice(offset)}`;
};

const linesOf = (value: Plain, column: number): readonly string[] =>
  stringify(value, { lineWidth: 0, indentSeq: false, version: '1.1' })
    .trimEnd()
    .split('\n')
    .map((line) => ' '.repeat(column) + line);

/** After the last one; at the opening bracket of an empty one. */
const inBrackets = (text: string, holder: YAMLSeq | YAMLMap, source: string): string => {
  const last = holder.items.at(-1);
  const node = isPair(last) ? (last.value ?? last.key) : last;
  const place = last === undefined ? startOf(holder) + 1 : endOf(node);
  return `${text.slice(0, place)}${last === undefined ? '' : ', '}${source}${text.slice(place)}`;
};

const cutInBrackets = (text: string, list: YAMLSeq, index: number): string => {
  const { items } = list;
  const next = items[index + 1];
  const previous = items[index - 1];
  const from = next === undefined && previous !== undefined ? endOf(previous) : startOf(items[index]);
  const to = next === undefined ? endOf(items[index]) : startOf(next);
  return text.slice(0, from) + text.slice(to);
};
