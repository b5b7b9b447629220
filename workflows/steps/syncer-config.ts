/**
 * The configuration of the dynamic LoRA syncer (a sidecar of the model servers), as text in a ConfigMap:
 *
 *     vLLMLoRAConfig:
 *       ensureExist:    { models: [{ id, source, base-model? }] }    loaded
 *       ensureNotExist: { models: [{ id, source }] }                 unloaded; `source` is read here too
 *
 * The sidecar unloads only what stands under `ensureNotExist`, and skips an id that stands under both. People keep comments
 * and an order of their own in such texts, so an edit puts lines in or takes lines out and leaves all others byte for byte;
 * the places are found by the YAML parser's ranges, and what comes out is parsed again and compared before it is given away.
 */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { at, itemsOf, textAt } from '../plans/fields.ts';
import { appendItem, appendPair, cutItem, cutPair } from './yaml-splice.ts';

export interface SyncerEntry {
  readonly id: string;
  /** null: it names none, which the sidecar does not take. */
  readonly source: string | null;
  /** The base model it names, and by which key. */
  readonly base: { readonly key: string; readonly value: string } | null;
}

export interface SyncerConfig {
  readonly exist: readonly SyncerEntry[];
  readonly absent: readonly SyncerEntry[];
}

export type SyncerEdit =
  | { readonly kind: 'edited'; readonly text: string }
  /** It cannot be edited without touching what is not ours. */
  | { readonly kind: 'unfit'; readonly why: string };

const ROOT = 'vLLMLoRAConfig';
const EXIST = 'ensureExist';
const ABSENT = 'ensureNotExist';
const MODELS = 'models';

type Section = typeof EXIST | typeof ABSENT;

/** The schema says `base-model`; the other is what people write. */
const BASE_KEYS = ['base-model', 'baseModel'] as const;

/** What the text asks for; null where it is no such configuration. */
export const readSyncerConfig = (text: string): SyncerConfig | null => {
  const document = documentOf(text);
  return document === null ? null : configOf(document.toJS());
};

const configOf = (value: unknown): SyncerConfig => ({
  exist: itemsOf(at(value, ROOT, EXIST, MODELS)).flatMap(entryOf),
  absent: itemsOf(at(value, ROOT, ABSENT, MODELS)).flatMap(entryOf),
});

const entryOf = (model: unknown): readonly SyncerEntry[] => {
  const id = textAt(model, 'id');
  if (id === null) return [];
  const key = BASE_KEYS.find((one) => textAt(model, one) !== null);
  const base = key === undefined ? null : { key, value: textAt(model, key) ?? '' };
  return [{ id, source: textAt(model, 'source'), base }];
};

const documentOf = (text: string): Document | null => {
  const document = parseDocument(text, { keepSourceTokens: true });
  if (document.errors.length > 0) return null;
  return isMap(document.contents) && isMap(document.contents.get(ROOT, true)) ? document : null;
};

/**
 * The text in which the adapter is asked for: added to `ensureExist` unless its id is there, taken out of `ensureNotExist`.
 * @param like an id whose base model is named for the new one too, by the same key.
 */
export const askFor = (
  text: string,
  entry: { readonly id: string; readonly source: string },
  like: string,
): SyncerEdit => {
  const config = readSyncerConfig(text);
  if (config === null) return notReadable;
  const base = config.exist.find(({ id }) => id === like)?.base ?? null;
  const fields = { id: entry.id, source: entry.source, ...(base === null ? {} : { [base.key]: base.value }) };
  return then(withoutEntry(text, ABSENT, entry.id), (next) =>
    config.exist.some(({ id }) => id === entry.id)
      ? { kind: 'edited', text: next }
      : withEntry(next, EXIST, fields),
  );
};

/** The text in which the adapter is to be unloaded: out of `ensureExist`, into `ensureNotExist`. */
export const askAway = (
  text: string,
  entry: { readonly id: string; readonly source: string },
): SyncerEdit => {
  const config = readSyncerConfig(text);
  if (config === null) return notReadable;
  return then(withoutEntry(text, EXIST, entry.id), (next) =>
    config.absent.some(({ id }) => id === entry.id)
      ? { kind: 'edited', text: next }
      : withEntry(next, ABSENT, { id: entry.id, source: entry.source }),
  );
};

/** The text that names the adapter nowhere. */
export const forget = (text: string, id: string): SyncerEdit =>
  readSyncerConfig(text) === null
    ? notReadable
    : then(withoutEntry(text, EXIST, id), (next) => withoutEntry(next, ABSENT, id));

/** The text in which the adapter is not to be unloaded any more; whether it is asked for stays. */
export const forgetAway = (text: string, id: string): SyncerEdit => withoutEntry(text, ABSENT, id);

const notReadable: SyncerEdit = { kind: 'unfit', why: `it is no YAML text with ${ROOT}` };

const then = (edit: SyncerEdit, next: (text: string) => SyncerEdit): SyncerEdit =>
  edit.kind === 'unfit' ? edit : next(edit.text);

type Entry = Readonly<Record<string, string>>;

const withEntry = (text: string, section: Section, entry: Entry): SyncerEdit => {
  const document = documentOf(text);
  if (document === null) return notReadable;
  const root = mapAt(document.contents, ROOT);
  const list = root === null ? null : listOf(root, section);
  if (root === null || list === 'foreign') return unfit(section);
  const value = { [MODELS]: [entry] };
  const next =
    list === null ? appendPair(text, root, { key: section, value }) : appendItem(text, list, entry);
  return proved(text, next, (models) => [...models, entry], section);
};

/** Every entry of that id goes; a list that would be empty stays one, for the sidecar reads no other. */
const withoutEntry = (text: string, section: Section, id: string): SyncerEdit => {
  const document = documentOf(text);
  if (document === null) return notReadable;
  const root = mapAt(document.contents, ROOT);
  const list = root === null ? null : listOf(root, section);
  if (root === null || list === 'foreign') return unfit(section);
  const index = list === null ? -1 : indexOf(document, section, id);
  if (list === null || index < 0) return { kind: 'edited', text };
  // What we put there alone goes with the section that we made for it.
  const isOurs =
    section === ABSENT && list.items.length === 1 && list.flow !== true && isAlone(root, section);
  const next = isOurs ? cutPair(text, root, section) : cutItem(text, list, index);
  const edit = proved(text, next, (models) => models.filter((_, position) => position !== index), section);
  return then(edit, (rest) => withoutEntry(rest, section, id));
};

const indexOf = (document: Document, section: Section, id: string): number =>
  itemsOf(at(document.toJS(), ROOT, section, MODELS)).findIndex((model) => textAt(model, 'id') === id);

const unfit = (section: Section): SyncerEdit => ({
  kind: 'unfit',
  why: `${ROOT}.${section}.${MODELS} is no list that can be edited`,
});

const pairOf = (map: YAMLMap, key: string): Pair | null =>
  map.items.find((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === key) ?? null;

const mapAt = (node: unknown, key: string): YAMLMap | null => {
  const value = isMap(node) ? pairOf(node, key)?.value : null;
  return isMap(value) ? value : null;
};

/** The section has nothing but its list. */
const isAlone = (root: YAMLMap, section: Section): boolean => mapAt(root, section)?.items.length === 1;

/** null: the section is not there. `foreign`: something else than a list of its own stands there. */
const listOf = (root: YAMLMap, section: Section): YAMLSeq | null | 'foreign' => {
  const pair = pairOf(root, section);
  if (pair === null) return null;
  const list = isMap(pair.value) ? pairOf(pair.value, MODELS)?.value : undefined;
  return isSeq(list) && !list.items.some(isAlias) ? list : 'foreign';
};

/** Only what parses to the same but for the one change is given away. */
const proved = (
  before: string,
  after: string,
  change: (models: readonly unknown[]) => readonly unknown[],
  section: Section,
): SyncerEdit => {
  const was = documentOf(before)?.toJS() as Record<string, unknown> | undefined;
  const is = documentOf(after)?.toJS() as Record<string, unknown> | undefined;
  if (was === undefined || is === undefined) return unfit(section);
  const wanted = change(itemsOf(at(was, ROOT, section, MODELS)));
  const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
  const isChanged = same(itemsOf(at(is, ROOT, section, MODELS)), wanted);
  return isChanged && same(outside(was, section), outside(is, section))
    ? { kind: 'edited', text: after }
    : unfit(section);
};

/** All but the list: an absent section is the same as an empty one. */
const outside = (value: Record<string, unknown>, section: Section): unknown => {
  const copy = structuredClone(value);
  const root = copy[ROOT] as Record<string, unknown>;
  const held = root[section] as Record<string, unknown> | undefined;
  if (held !== undefined) delete held[MODELS];
  if (held === undefined || Object.keys(held).length === 0) delete root[section];
  return copy;
};
