/** The text of a rollout file → its tree, or why it has none. Bounded in time and memory for any text. */
import { Composer, type CST, type Document, isScalar, LineCounter, Parser, type YAMLError } from 'yaml';
import { type Fault, printable } from './problem.ts';
import { readYamlTree, type TreeFault, type YamlTree } from './yaml-tree.ts';

export const FILE_BYTES_MAX = 64 * 1024;
/** The composer is recursive: what is deeper is not given to it. A rollout file has less than 20 levels. */
const TOKEN_DEPTH_MAX = 64;

type Blame = Pick<Fault, 'code' | 'what' | 'mend'>;

export interface YamlText {
  /** null: the text cannot be read further than its faults say. */
  readonly tree: YamlTree | null;
  readonly faults: readonly TreeFault[];
  readonly placeOf: (offset: number) => { readonly line: number; readonly column: number };
}

/** Reads the text as one YAML 1.2 document; never throws. */
export function readYaml(source: string): YamlText {
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source;
  const lines = new LineCounter();
  lines.addNewLine(0);
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const refuse = (offset: number, blame: Blame): YamlText => ({
    tree: null,
    faults: [{ ...blame, path: [], at: 'value', offset }],
    placeOf,
  });

  const tooLarge = blameOfSize(text);
  if (tooLarge !== null) return refuse(0, tooLarge);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  const foreign = firstForeignCharacter(text);
  if (foreign !== null) return refuse(foreign.offset, foreign.blame);

  const tokens = [...new Parser().parse(text)];
  const deep = firstTooDeep(tokens);
  if (deep !== null) return refuse(deep, TOO_DEEP);
  const documents = [
    ...new Composer({ prettyErrors: false, uniqueKeys: false }).compose(tokens, true, text.length),
  ];
  return readDocuments(documents, text, { refuse, placeOf });
}

interface Answers {
  readonly refuse: (offset: number, blame: Blame) => YamlText;
  readonly placeOf: YamlText['placeOf'];
}

function readDocuments(documents: readonly Document[], text: string, answers: Answers): YamlText {
  const filled = documents.filter((document) => document.contents !== null || document.errors.length > 0);
  const [first, second] = filled;
  if (first === undefined || isBlank(first)) return answers.refuse(0, FILE_EMPTY);
  const versioned = documents.find((document) => document.directives?.yaml.version !== '1.2');
  if (versioned !== undefined) return answers.refuse(Math.max(text.indexOf('%YAML'), 0), YAML_VERSION);
  // A tag that cannot be resolved is reported where its value is, with all the other tags.
  const error = first.errors.find((candidate) => candidate.code !== 'TAG_RESOLVE_FAILED');
  if (error !== undefined) return answers.refuse(...explainYamlError(error, first.errors, text));
  if (second !== undefined) return answers.refuse(second.range?.[0] ?? 0, SEVERAL_DOCUMENTS);
  const tree = readYamlTree(first, (offset) => answers.placeOf(offset).line);
  // With values left out, all else would be its consequence.
  const expanded = tree.faults.filter(({ code }) => code === 'too-many-aliases');
  if (expanded.length > 0) return { tree: null, faults: expanded, placeOf: answers.placeOf };
  return { tree, faults: tree.faults, placeOf: answers.placeOf };
}

function isBlank(document: Document): boolean {
  const { contents, errors } = document;
  if (errors.length > 0) return false;
  return contents === null || (isScalar(contents) && contents.value === null);
}

function blameOfSize(text: string): Blame | null {
  // No character takes less than one byte, and the cheap test keeps hostile sizes from being encoded.
  const tooLarge = text.length > FILE_BYTES_MAX || new TextEncoder().encode(text).length > FILE_BYTES_MAX;
  if (!tooLarge) return null;
  return {
    code: 'file-too-large',
    what: `The file is larger than ${FILE_BYTES_MAX / 1024} KiB.`,
    mend: 'A rollout file names manifests by their path; it does not contain them.',
  };
}

const FOREIGN = /(?![\t\n\r\u0085])\p{Cc}|\r(?!\n)|[\uFEFF\uFFFD-\uFFFF]|\p{Cs}/u;

function firstForeignCharacter(text: string): { readonly offset: number; readonly blame: Blame } | null {
  const found = FOREIGN.exec(text);
  if (found === null) return null;
  const code = found[0].codePointAt(0) ?? 0;
  const shown = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const badEncoding = code === 0xfffd || (code >= 0xd800 && code <= 0xdfff);
  const blame: Blame = badEncoding
    ? { code: 'bad-encoding', what: 'The file is not UTF-8 from here on.', mend: 'Save it as UTF-8.' }
    : {
        code: 'control-character',
        what: `The character ${shown} is not allowed in YAML.`,
        mend: code === 0 ? 'Save the file as UTF-8; it looks like UTF-16 or binary.' : 'Remove it.',
      };
  return { offset: found.index, blame };
}

/** The place of the first token that lies too deep; walked without recursion. */
function firstTooDeep(tokens: readonly CST.Token[]): number | null {
  const stack: { readonly token: CST.Token; readonly depth: number }[] = tokens.map((token) => ({
    token,
    depth: 0,
  }));
  let first: number | null = null;
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { token, depth } = entry;
    if (depth > TOKEN_DEPTH_MAX) {
      if ('offset' in token && (first === null || token.offset < first)) first = token.offset;
      continue;
    }
    for (const child of childrenOf(token)) stack.push({ token: child, depth: depth + 1 });
  }
  return first;
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  const children: CST.Token[] = [];
  if (token.type === 'document' && token.value !== undefined) children.push(token.value);
  if (!('items' in token)) return children;
  for (const item of token.items) {
    if ('key' in item && item.key !== undefined && item.key !== null) children.push(item.key);
    if (item.value !== undefined) children.push(item.value);
  }
  return children;
}

const TOO_DEEP: Blame = {
  code: 'too-deep',
  what: `The file is nested more than ${TOKEN_DEPTH_MAX} levels deep.`,
  mend: 'No field of a rollout file is that deep: remove the nesting.',
};
const FILE_EMPTY: Blame = {
  code: 'file-empty',
  what: 'The file contains nothing.',
  mend: 'Begin with `apiVersion: sluice.dev/v1`; the reference has the smallest example.',
};
const YAML_VERSION: Blame = {
  code: 'yaml-version',
  what: 'The file asks for another version of YAML than 1.2.',
  mend: 'Remove the line that begins with %YAML.',
};
const SEVERAL_DOCUMENTS: Blame = {
  code: 'several-documents',
  what: 'A second YAML document begins here; a rollout file is one document.',
  mend: 'Put each rollout into a file of its own.',
};

/** Only the first error counts: what follows it is mostly its consequence. */
function explainYamlError(error: YAMLError, all: readonly YAMLError[], text: string): [number, Blame] {
  const offset = error.pos[0];
  const broken = all.find((other) => other.code === 'MULTILINE_IMPLICIT_KEY' && other.pos[0] === offset);
  if (broken !== undefined) {
    const lineStart = text.lastIndexOf('\n', broken.pos[1] - 1) + 1;
    const indent = /^[ \t]*/u.exec(text.slice(lineStart))?.[0].length ?? 0;
    return [lineStart + indent, BAD_INDENT];
  }
  if (/end with a [\]}]|^Missing closing/u.test(error.message)) return [offset, UNCLOSED];
  if (error.code === 'BAD_INDENT') return [offset, BAD_INDENT];
  return [offset, YAML_ERRORS[error.code] ?? syntaxError(error)];
}

const BAD_INDENT: Blame = {
  code: 'bad-indent',
  what: 'This line is indented unlike its neighbours.',
  mend: 'Give the fields of one mapping the same indentation, with spaces.',
};
const UNCLOSED: Blame = {
  code: 'unclosed',
  what: 'A bracket, brace or quote that was opened before is not closed.',
  mend: 'Close it, and indent its lines deeper than the field that it belongs to.',
};

const YAML_ERRORS: Readonly<Partial<Record<YAMLError['code'], Blame>>> = {
  TAB_AS_INDENT: {
    code: 'tab-indent',
    what: 'This line is indented with a tab.',
    mend: 'Use spaces.',
  },
  BAD_DQ_ESCAPE: {
    code: 'bad-escape',
    what: 'YAML does not know this escape sequence.',
    mend: "Write the text in single quotes, or double the backslash ('\\\\').",
  },
  BLOCK_AS_IMPLICIT_KEY: {
    code: 'nested-colon',
    what: 'A mapping begins inside a value on the same line.',
    mend: 'Put a text with a colon into quotes, or a mapping into braces or on its own lines.',
  },
  BAD_SCALAR_START: {
    code: 'reserved-character',
    what: 'A value begins with a character that YAML reserves.',
    mend: 'Put the value into quotes.',
  },
};

function syntaxError(error: YAMLError): Blame {
  return {
    code: 'yaml-syntax',
    what: `This is not YAML: ${printable(error.message)}.`,
    mend: 'Compare the line with the smallest example of the reference.',
  };
}
