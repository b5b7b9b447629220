import { explainIssue } from './explain-issue.ts';
import { findOfOtherTypes } from './fields-of-types.ts';
import { fieldIndex } from './known-fields.ts';
import { findNotSupportedYet, withoutPaths } from './not-supported-yet.ts';
import { type Fault, type FieldPath, formatPath, type Problem, pathKey } from './problem.ts';
import { readYaml } from './read-yaml.ts';
import type { RolloutSpec } from './rollout-spec.ts';
import { rolloutFileSchema } from './schema.ts';
import { specFromFile } from './spec-from-file.ts';
import type { LocatedValue } from './yaml-tree.ts';

/** More are not shown: nobody mends a hundred problems at once. */
const PROBLEMS_MAX = 100;

export type ParsedRolloutFile =
  | { readonly kind: 'ok'; readonly spec: RolloutSpec }
  /** At least one, in the order of their places. */
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

export type ReadRolloutValue =
  | { readonly kind: 'ok'; readonly spec: RolloutSpec }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] };

/**
 * Reads a rollout file: YAML 1.2, which includes JSON. All problems are found at once, each with its place: an
 * unknown field at its name, a wrong value at the value, a missing field at the mapping that lacks it.
 * Never throws; bounded in time for any text.
 */
export function parseRolloutFile(text: string, fileName: string): ParsedRolloutFile {
  const { tree, faults: textFaults, placeOf } = readYaml(text);
  const problems = new Map<string, Problem>();
  const add = (fault: Fault, offset: number): void => {
    const { line, column } = placeOf(offset);
    const path = formatPath(fault.path);
    const { code, what, mend } = fault;
    const problem: Problem = { file: fileName, line, column, path, code, what, mend, severity: 'error' };
    // What stands behind two aliases is one problem.
    const key = `${line}:${column}:${code}:${fault.path.at(-1) ?? ''}`;
    if (!problems.has(key)) problems.set(key, problem);
  };
  for (const fault of textFaults) add(fault, fault.offset);
  if (tree !== null) {
    const read = readRolloutValue(tree.value);
    if (read.kind === 'ok' && problems.size === 0) return read;
    const faultsLater = read.kind === 'faults' ? read.faults : [];
    const marred = new Set(textFaults.map((fault) => pathKey(fault.path)));
    for (const fault of faultsLater) {
      // The text's own fault left null there: that it is empty would be a consequence.
      if (!marred.has(pathKey(fault.path))) add(fault, offsetOf(tree.located, fault.path, fault.at));
    }
  }
  const sorted = [...problems.values()].sort(
    (one, other) => one.line - other.line || one.column - other.column,
  );
  return { kind: 'problems', problems: sorted.slice(0, PROBLEMS_MAX) };
}

/** The same for a value that came without text, e.g. a JSON body: faults have paths, but no places. */
export function readRolloutValue(file: unknown): ReadRolloutValue {
  const { faults: unsupported, pruned: unbuilt } = findNotSupportedYet(file);
  // Another type has other fields: what is wrong with them as fields of this one would mislead.
  const otherType = unsupported.filter(({ path }) => formatPath(path) === 'spec.type');
  if (otherType.length > 0) return { kind: 'faults', faults: otherType };
  const misplaced = findOfOtherTypes(withoutPaths(file, unbuilt));
  const pruned = [...unbuilt, ...misplaced.pruned];
  const found = [...unsupported, ...misplaced.faults];
  const parsed = rolloutFileSchema.safeParse(withoutPaths(file, pruned));
  if (parsed.success) {
    return found.length === 0
      ? { kind: 'ok', spec: specFromFile(parsed.data) }
      : { kind: 'faults', faults: found };
  }
  let index: ReturnType<typeof fieldIndex> | null = null;
  // Made only when it is needed, and once.
  const explained = { file, index: () => (index ??= fieldIndex()) };
  const faults: Fault[] = [...found];
  for (const issue of parsed.error.issues) {
    faults.push(...explainIssue(issue, explained).slice(0, PROBLEMS_MAX));
    if (faults.length > PROBLEMS_MAX) break;
  }
  return { kind: 'faults', faults: withoutConsequences(faults, pruned) };
}

/** Without what follows from another fault: a field that is missing because its name is misspelt, or not built. */
function withoutConsequences(faults: readonly Fault[], pruned: readonly FieldPath[]): readonly Fault[] {
  const prunedPaths = new Set(pruned.map((path) => pathKey(path)));
  const meantPaths = new Set(faults.flatMap(({ meant }) => (meant === undefined ? [] : [pathKey(meant)])));
  return faults.filter(({ code, path, at }) => {
    if (code === 'not-supported-yet' || code === 'not-of-this-type') return true;
    const where = pathKey(path);
    return !prunedPaths.has(where) && !(meantPaths.has(where) && at === 'value' && code.includes('missing'));
  });
}

/** The place of a path; of a missing field, the mapping that lacks it. */
function offsetOf(root: LocatedValue, path: FieldPath, at: Fault['at']): number {
  let here = root;
  let offset = root.offset;
  for (const [index, step] of path.entries()) {
    const field = typeof step === 'string' ? here.fields?.get(step) : undefined;
    const next = field?.value ?? (typeof step === 'number' ? here.items?.[step] : undefined);
    if (next === undefined) return offset;
    const isLast = index === path.length - 1;
    offset = isLast && at === 'key' && field !== undefined ? field.keyOffset : next.offset;
    here = next;
  }
  return offset;
}
