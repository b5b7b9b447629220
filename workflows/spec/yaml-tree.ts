/**
 * From a parsed YAML document to a plain value with the place of every key and value. The tree is walked here
 * and not by the yaml package, because places, repeated keys and aliases need it, and because nothing may be
 * expanded without bound.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import { type Fault, type FieldPath, formatPath, quoted } from './problem.ts';

const DEPTH_MAX = 32;
/** More than a file of the greatest size can hold without aliases. */
const NODES_MAX = 40_000;

/** A value and where it is. Offsets are UTF-16 code units from the start of the text. */
export interface LocatedValue {
  readonly offset: number;
  readonly fields?: ReadonlyMap<string, LocatedField>;
  readonly items?: readonly LocatedValue[];
}

export interface LocatedField {
  readonly keyOffset: number;
  readonly value: LocatedValue;
}

export interface TreeFault extends Fault {
  readonly offset: number;
}

export interface YamlTree {
  /** Mappings have no prototype; null stands where there was a fault. */
  readonly value: unknown;
  readonly located: LocatedValue;
  readonly faults: readonly TreeFault[];
}

type Blame = Pick<Fault, 'code' | 'what' | 'mend'>;

interface Walk {
  readonly faults: TreeFault[];
  /** The last node with each anchor so far: what an alias means. */
  readonly anchors: Map<string, Node>;
  /** Nodes that are being walked: an alias to one of them contains itself. */
  readonly open: Set<Node>;
  readonly lineOf: (offset: number) => number;
  nodes: number;
  /** Place of the outermost alias that is being walked: it is what makes a value too large. */
  aliasOffset: number | null;
}

interface Walked {
  readonly value: unknown;
  readonly located: LocatedValue;
}

/** The document's value with all its places. `lineOf` gives the line of an offset, from 1. */
export function readYamlTree(document: Document, lineOf: (offset: number) => number): YamlTree {
  const walk: Walk = { faults: [], anchors: new Map(), open: new Set(), lineOf, nodes: 0, aliasOffset: null };
  const { value, located } = walkNode(walk, document.contents, [], 0);
  return { value, located, faults: walk.faults };
}

/** `emptyOffset`: the place of a value that is not written, e.g. its key's. */
function walkNode(walk: Walk, node: Node | null, path: FieldPath, emptyOffset: number | null): Walked {
  const empty = node === null || (isScalar(node) && node.value === null && node.source === '');
  const offset = (empty ? emptyOffset : null) ?? node?.range?.[0] ?? 0;
  const nothing: Walked = { value: null, located: { offset } };
  walk.nodes += 1;
  if (node === null) return nothing;
  const blame = blameOf(walk, node, path);
  if (blame !== null) {
    walk.faults.push({ ...blame, path, at: 'value', offset: walk.aliasOffset ?? offset });
    return nothing;
  }
  if (walk.nodes > NODES_MAX) return nothing;
  if (isAlias(node)) {
    const outermost = walk.aliasOffset === null;
    walk.aliasOffset ??= offset;
    const walked = walkNode(walk, walk.anchors.get(node.source) ?? null, path, offset);
    if (outermost) walk.aliasOffset = null;
    return { value: walked.value, located: { ...walked.located, offset } };
  }
  if (node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  walk.open.add(node);
  const walked = walkContents(walk, node, path, offset);
  walk.open.delete(node);
  return walked;
}

function walkContents(walk: Walk, node: Node, path: FieldPath, offset: number): Walked {
  if (isMap(node)) return walkMap(walk, node.items as readonly Pair<Node, Node | null>[], path, offset);
  if (!isSeq(node)) return { value: isScalar(node) ? node.value : null, located: { offset } };
  const values: unknown[] = [];
  const items: LocatedValue[] = [];
  for (const [index, item] of node.items.entries()) {
    const walked = walkNode(walk, item as Node | null, [...path, index], null);
    values.push(walked.value);
    items.push(walked.located);
  }
  return { value: values, located: { offset, items } };
}

function walkMap(
  walk: Walk,
  pairs: readonly Pair<Node, Node | null>[],
  path: FieldPath,
  offset: number,
): Walked {
  const value: Record<string, unknown> = Object.create(null);
  const fields = new Map<string, LocatedField>();
  for (const { key, value: node } of pairs) {
    const keyOffset = key.range?.[0] ?? offset;
    const name = isScalar(key) && typeof key.value === 'string' ? key.value : null;
    const blame = blameOfKey(walk, key, name, fields);
    if (blame !== null || name === null) {
      if (blame !== null) walk.faults.push({ ...blame, path, at: 'key', offset: keyOffset });
      continue;
    }
    const walked = walkNode(walk, node, [...path, name], keyOffset);
    value[name] = walked.value;
    fields.set(name, { keyOffset, value: walked.located });
  }
  return { value, located: { offset, fields } };
}

function blameOf(walk: Walk, node: Node, path: FieldPath): Blame | null {
  const where = path.length === 0 ? 'the file' : formatPath(path);
  if (walk.nodes === NODES_MAX + 1) {
    return {
      code: 'too-many-aliases',
      what: `With all aliases put in, the file has more than ${NODES_MAX} values.`,
      mend: 'Write the values out instead of repeating them with aliases.',
    };
  }
  if (path.length > DEPTH_MAX) {
    return {
      code: 'too-deep',
      what: `The file is nested more than ${DEPTH_MAX} levels deep.`,
      mend: 'No field of a rollout file is that deep: remove the nesting.',
    };
  }
  if (isAlias(node)) return blameOfAlias(walk, node.source);
  if (node.tag === undefined) return null;
  return {
    code: 'yaml-tag',
    what: `The value of ${where} has the YAML tag ${quoted(node.tag)}; tags are not supported.`,
    mend: 'Remove the tag; put a text that looks like a number into quotes.',
  };
}

function blameOfAlias(walk: Walk, name: string): Blame | null {
  const target = walk.anchors.get(name);
  if (target === undefined) {
    return {
      code: 'unknown-alias',
      what: `The alias ${quoted(`*${name}`)} names no anchor above it.`,
      mend: `Define ${quoted(`&${name}`)} before its use, or put a text that begins with * into quotes.`,
    };
  }
  if (!walk.open.has(target)) return null;
  return {
    code: 'recursive-alias',
    what: `The alias ${quoted(`*${name}`)} stands inside the value that it names.`,
    mend: 'Write the value out.',
  };
}

function blameOfKey(
  walk: Walk,
  key: Node,
  name: string | null,
  fields: ReadonlyMap<string, LocatedField>,
): Blame | null {
  if (name === null) {
    const shown = isScalar(key) ? quoted(key.value) : 'not a plain text';
    return {
      code: 'key-not-text',
      what: `A key is ${shown}; keys are texts.`,
      mend: 'Put the key into quotes.',
    };
  }
  if (name === '__proto__') {
    return { code: 'forbidden-key', what: 'The key "__proto__" is never allowed.', mend: 'Remove it.' };
  }
  if (name === '<<') {
    return {
      code: 'merge-key',
      what: 'YAML merge keys (<<) are not part of YAML 1.2 and not supported.',
      mend: 'Write the fields out, or use an alias for a whole value.',
    };
  }
  const first = fields.get(name);
  if (first === undefined) return null;
  return {
    code: 'duplicate-key',
    what: `The key ${quoted(name)} was given before, in line ${walk.lineOf(first.keyOffset)}.`,
    mend: 'Keep one of the two.',
  };
}
