/** What is wrong with a rollout file, and where. Codes are stable: scripts may rely on them. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units; a byte order mark does not count. */
  readonly column: number;
  /** Where in the file's structure, e.g. `spec.ladder[2].share`; empty for problems of the text itself. */
  readonly path: string;
  readonly code: ProblemCode;
  readonly what: string;
  readonly mend: string;
  readonly severity: 'error';
}

/** Every code with its meaning: the reference lists them. */
export const PROBLEM_CODES = {
  'adapters-not-allowed': 'spec.to.adapters is given in a rollout that changes no model.',
  'adapter-missing': 'An adapter rollout does not say which adapter changes.',
  'bad-cluster': 'The cluster is not a full resource name.',
  'bad-time': 'A time of day is not HH:MM.',
  'bad-days': 'The days of a window cannot be read.',
  'bad-duration': 'A duration cannot be read.',
  'bad-encoding': 'The file is not UTF-8.',
  'bad-escape': 'A backslash in double quotes is followed by something that YAML does not know.',
  'bad-indent': 'The indentation does not fit.',
  'bad-label': 'A label would be refused by Kubernetes.',
  'bad-name': 'A name would be refused by the API that gets it.',
  'bad-path': 'A path of manifests is empty or no file path.',
  'bad-policy': 'An alert policy is not a full resource name.',
  'bad-source': 'An adapter cannot come from there.',
  'bad-time-zone': 'A time zone is not an IANA name.',
  'capacity-choice': 'An option of capacity names none or several kinds of capacity.',
  'capacity-missing': 'No capacity option is given for the node pool.',
  'control-character': 'The file contains a character that YAML does not allow.',
  'deadline-too-short': 'The bakes below 100 alone take longer than the deadline.',
  'duplicate-item': 'The same thing is in a list twice.',
  'duplicate-key': 'A mapping has the same key twice.',
  'duration-too-long': 'A duration is above its bound.',
  'duration-too-short': 'A duration is below its bound.',
  'empty-text': 'A text is empty.',
  'empty-value': 'A field has no value.',
  'empty-window': 'A window begins and ends at the same time.',
  'expiry-not-accepted': 'Capacity that ends by itself is used without saying so.',
  'file-empty': 'The file contains nothing.',
  'file-too-large': 'The file is above its bound.',
  'forbidden-key': 'A key is never allowed.',
  'gate-not-tunable': 'A tripwire has no minimum of samples.',
  'key-not-text': 'A key is not a text.',
  'last-rung-not-100': 'The ladder does not end at a share of 100.',
  'merge-key': 'YAML merge keys (<<) are not supported.',
  'missing-field': 'A field without a default is missing.',
  'model-missing': 'A baseModel rollout does not say which model comes.',
  'model-not-allowed': 'spec.to.model is given in a rollout that changes no model.',
  'needless-field': 'A field has no meaning beside another.',
  'nested-colon': 'A value contains a second “: ” without quotes.',
  'nodes-choice': 'spec.to.nodes names none or several ways to get nodes.',
  'nodes-uneven': 'The nodes cannot be spread evenly over the zones.',
  'not-a-mapping': 'The file is not a mapping.',
  'not-of-this-type': 'A field or value makes no sense in a rollout of this type.',
  'not-supported-yet': 'The field or value is known but not built in this version.',
  'number-precision': 'A number has too many decimals.',
  'number-too-large': 'A number is above its bound.',
  'number-too-small': 'A number is below its bound.',
  'recursive-alias': 'An alias contains itself.',
  'reserved-character': 'A value begins with a character that YAML reserves.',
  'retire-missing': 'spec.retention.retire is missing: it has no default.',
  'same-name': 'Both versions of an adapter have the same name, or the new one is what clients ask for.',
  'same-pool': 'The old and the new pool are the same.',
  'several-documents': 'The file contains more than one YAML document.',
  'share-not-growing': 'A share is not above the one before it.',
  'source-missing': 'spec.to.source is missing: it has no default.',
  'tab-indent': 'A line is indented with a tab.',
  'text-too-long': 'A text is above its bound.',
  'too-deep': 'The file is nested too deeply.',
  'too-few-items': 'A list or mapping has too few entries.',
  'too-many-aliases': 'Aliases make the file larger than its bound.',
  'too-many-items': 'A list or mapping has too many entries.',
  unclosed: 'A bracket or a quote is not closed.',
  'unload-not-ours': 'The old version is to be unloaded where Sluice does not load the new one.',
  'unknown-alias': 'An alias names an anchor that does not exist.',
  'unknown-field': 'A field is not known here.',
  'unknown-gate': 'No gate has this name.',
  'unknown-value': 'A value is none of those allowed.',
  'wrong-api-version': 'apiVersion is not that of a rollout file.',
  'wrong-kind': 'kind is not Rollout.',
  'wrong-type': 'A value has another type than its field.',
  'yaml-syntax': 'The text is not YAML.',
  'yaml-tag': 'YAML tags (!…) are not supported.',
  'yaml-version': 'The file asks for another version of YAML than 1.2.',
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;

/** A problem before it has a place: `path` is where it is, `at` whether the key or the value is at fault. */
export interface Fault {
  readonly path: FieldPath;
  readonly at: 'key' | 'value';
  readonly code: ProblemCode;
  readonly what: string;
  readonly mend: string;
  /** Of an unknown field: the known one that was probably meant, so that it is not reported as missing. */
  readonly meant?: FieldPath;
}

export type FieldPath = readonly (string | number)[];

/** The path as people write it: `spec.ladder[2].share`, `spec.gates.tune["errors.fast"]`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[A-Za-z_][\w-]{0,59}$/u.test(part)) text += `[${quoted(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** Tells paths apart, whatever their keys are. */
export function pathKey(path: FieldPath): string {
  return JSON.stringify(path);
}

/** The value as people should see it: short, on one line, nothing that a terminal would obey. */
export function quoted(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(printable(value)) : String(value as unknown);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

/** Without characters that steer terminals or hide text; cut to 80 characters. */
export function printable(text: string): string {
  return text.slice(0, 80).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '�');
}

/** One line for a terminal: `file:line:column  code  what  mend`. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, code, what, mend } = problem;
  return `${file}:${line}:${column}  ${code}  ${what}  ${mend}`;
}
