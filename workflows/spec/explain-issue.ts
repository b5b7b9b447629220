/** What zod found, in words: code, what is wrong, how to mend it. */
import type * as z from 'zod';
import { TRIPWIRES } from './gate-names.ts';
import { adviseOnField, type fieldIndex, nearest } from './known-fields.ts';
import { EXPECTED, type IssueParams } from './leaves.ts';
import { type Fault, type FieldPath, formatPath, type ProblemCode, quoted } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** The file's value as it was written, and what is known of its fields. */
export interface Explained {
  readonly file: unknown;
  readonly index: typeof fieldIndex;
}

/** One issue of zod's may be several faults: each unknown field is one. */
export function explainIssue(issue: Issue, explained: Explained): readonly Fault[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownField([...path, key], explained));
  }
  if (issue.code === 'invalid_union') return explainUnion(issue, path, explained);
  return [explainOne(issue, path, explained.file)];
}

function explainOne(issue: Issue, path: FieldPath, file: unknown): Fault {
  if (issue.code === 'custom') {
    const params = issue.params as IssueParams;
    const where = formatPath(path);
    return {
      path,
      at: params.at ?? 'value',
      code: params.code,
      what: where === '' ? issue.message : `${where}: ${issue.message}`,
      mend: params.mend,
    };
  }
  const found = valueAt(file, path);
  if (found === undefined) return missing(path);
  if (found === null) return emptyValue(path, expectationOf(issue));
  if (issue.code === 'invalid_type') return wrongType(issue, path, found);
  if (issue.code === 'invalid_value') return unknownValue(path, found, issue.values);
  return {
    path,
    at: 'value',
    code: issue.code === 'too_small' ? 'number-too-small' : 'number-too-large',
    what: `${formatPath(path)} is ${quoted(found)}, which is outside its bounds.`,
    mend: `${issue.message}.`,
  };
}

/** The alternative that was meant is the one whose own type fits; where none does, all are named. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: FieldPath,
  explained: Explained,
): readonly Fault[] {
  const found = valueAt(explained.file, path);
  if (found === undefined) return [missing(path)];
  const isAtRoot = (inner: Issue) => inner.path.length === 0 && inner.code !== 'custom';
  const isMeant = (inner: Issue) => !isAtRoot(inner) || inner.code === 'unrecognized_keys';
  const meant = issue.errors.find((issues) => issues.every(isMeant));
  if (meant !== undefined) {
    return meant.flatMap((inner) => explainIssue({ ...inner, path: [...path, ...inner.path] }, explained));
  }
  const phrases = issue.errors.flatMap((issues) => issues.filter(isAtRoot).slice(0, 1).map(expectationOf));
  const phrase = phrases.join(' or ');
  if (found === null) return [emptyValue(path, phrase)];
  const word = issue.errors.flat().find((inner) => inner.code === 'invalid_value');
  if (typeof found === 'string' && word?.code === 'invalid_value') {
    return [unknownValue(path, found, word.values, phrase)];
  }
  return [typed(path, found, 'wrong-type', phrase)];
}

function unknownField(path: FieldPath, { index }: Explained): Fault {
  const name = String(path.at(-1));
  const parent = path.slice(0, -1);
  const isGate = formatPath(parent) === 'spec.gates.tune';
  const advice = adviseOnField(index(), parent, name);
  const inside = parent.length === 0 ? 'the file' : formatPath(parent);
  return {
    path,
    at: 'key',
    code: isGate ? 'unknown-gate' : 'unknown-field',
    what: isGate ? `There is no gate ${quoted(name)}.` : `${inside} has no field ${quoted(name)}.`,
    mend: advice.mend,
    ...(advice.meant === null ? {} : { meant: [...parent, advice.meant] }),
  };
}

const MISSING: Readonly<Record<string, Pick<Fault, 'code' | 'what' | 'mend'>>> = {
  'spec.to.source': {
    code: 'source-missing',
    what: 'spec.to.source is missing: it has no default.',
    mend:
      'Write source: existing when the new side is deployed already and Sluice shall only move traffic, ' +
      'or source: { manifests: [./new/*.yaml] } when Sluice shall create it from these files.',
  },
};

function missing(path: FieldPath): Fault {
  const where = formatPath(path);
  const special = MISSING[where];
  const plain = {
    code: 'missing-field',
    what: `${where} is missing.`,
    mend: `Add ${String(path.at(-1))}: it has no default.`,
  } as const;
  return { path, at: 'value', ...(special ?? plain) };
}

function emptyValue(path: FieldPath, phrase: string): Fault {
  const what = path.length === 0 ? 'The file has no value.' : `${formatPath(path)} has no value.`;
  return { path, at: 'value', code: 'empty-value', what, mend: `Write ${phrase}, or remove the line.` };
}

function wrongType(issue: Issue, path: FieldPath, found: unknown): Fault {
  const expected = Object.values(EXPECTED).find(({ phrase }) => phrase === issue.message);
  return typed(path, found, expected?.code ?? 'wrong-type', expectationOf(issue));
}

function typed(path: FieldPath, found: unknown, code: ProblemCode, phrase: string): Fault {
  if (path.length === 0) {
    const mend = 'Begin with `apiVersion: sluice.dev/v1`; the reference has the smallest example.';
    return {
      path,
      at: 'value',
      code: 'not-a-mapping',
      what: `The file is ${quoted(found)}, not a mapping.`,
      mend,
    };
  }
  const wantsText = phrase === EXPECTED.text.phrase && typeof found !== 'object';
  const tunesTripwire = formatPath(path.slice(0, -1)) === 'spec.gates.tune' && isTripwire(path.at(-1));
  return {
    path,
    at: 'value',
    code: tunesTripwire && typeof found === 'object' ? 'gate-not-tunable' : code,
    what: `${formatPath(path)} is ${quoted(found)}, not ${phrase}.`,
    mend: wantsText ? `Put it into quotes: ${JSON.stringify(quoted(found))}.` : `Write ${phrase}.`,
  };
}

function isTripwire(name: string | number | undefined): boolean {
  return TRIPWIRES.some((tripwire) => tripwire === name);
}

function unknownValue(
  path: FieldPath,
  found: unknown,
  values: readonly unknown[],
  alternatives?: string,
): Fault {
  const where = formatPath(path);
  const names = values.map(String);
  const phrase = alternatives ?? names.join(' or ');
  if (typeof found === 'object' || (typeof found !== 'string' && typeof values[0] === 'string')) {
    return typed(path, found, 'wrong-type', phrase);
  }
  const near = typeof found === 'string' ? nearest(found, names) : null;
  return {
    path,
    at: 'value',
    code: where === 'apiVersion' ? 'wrong-api-version' : where === 'kind' ? 'wrong-kind' : 'unknown-value',
    what: `${where} is ${quoted(found)}, which is not known.`,
    mend: near === null ? `Write ${phrase}.` : `Did you mean ${near}? Possible: ${phrase}.`,
  };
}

/** What the issue's field wants, as a phrase: `a mapping`, `true or false`, `keep or delete`. */
function expectationOf(issue: Issue): string {
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' or ');
  if (issue.code !== 'invalid_type') return 'another value';
  if (Object.values(EXPECTED).some(({ phrase }) => phrase === issue.message)) return issue.message;
  return TYPE_PHRASES[issue.expected] ?? `a ${issue.expected}`;
}

const TYPE_PHRASES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  boolean: 'true or false',
  string: EXPECTED.text.phrase,
  number: EXPECTED.number.phrase,
  int: EXPECTED.wholeNumber.phrase,
  null: 'null',
};

/** undefined where there is nothing. */
function valueAt(file: unknown, path: FieldPath): unknown {
  let current: unknown = file;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Readonly<Record<string | number, unknown>>)[step];
  }
  return current;
}
