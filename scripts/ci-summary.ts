/**
 * `node scripts/ci-summary.ts FOLDER`: adds up what `.ci/run` left there: `steps.tsv` (name, exit code, seconds) and a
 * vitest JSON report for each step that is a suite. The last line is "N passed, N failed, N skipped".
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The part of vitest's JSON report that is read. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

interface StepResult {
  readonly name: string;
  readonly code: number;
  readonly seconds: number;
  /** null: not a suite, counts as one. */
  readonly report: Report | null;
}

type Answer = 'passed' | 'failed' | 'skipped';

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of what failed. */
  readonly failures: readonly string[];
}

/** Not a check of its own: without it nothing else would have run. */
const NOT_COUNTED = new Set(['install']);

const answerOf = (status: string): Answer =>
  status === 'passed' ? 'passed' : status === 'failed' ? 'failed' : 'skipped';

const WORST: Readonly<Record<Answer, number>> = { skipped: 0, passed: 1, failed: 2 };

/** A suite may fail without a failed test: a lint before it, a file that cannot be loaded. */
const answersOf = (step: StepResult): ReadonlyMap<string, Answer> => {
  const answers = new Map<string, Answer>();
  for (const { name, status, assertionResults } of step.report?.testResults ?? []) {
    const file = relative(process.cwd(), name);
    if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed'))
      answers.set(file, 'failed');
    // Two tests of a file may share a name.
    for (const [index, test] of assertionResults.entries())
      answers.set(`${file}#${String(index)} ${test.fullName}`, answerOf(test.status));
  }
  if (step.report === null) answers.set(`step ${step.name}`, step.code === 0 ? 'passed' : 'failed');
  else if (step.code !== 0 && ![...answers.values()].includes('failed'))
    answers.set(`step ${step.name}`, 'failed');
  return answers;
};

/** Every test once, however many steps ran it; failed when it failed in one of them. */
export const summarise = (steps: readonly StepResult[]): Summary => {
  const all = new Map<string, Answer>();
  for (const step of steps) {
    if (NOT_COUNTED.has(step.name) && step.code === 0) continue;
    for (const [name, answer] of answersOf(step)) {
      const before = all.get(name);
      if (before === undefined || WORST[answer] > WORST[before]) all.set(name, answer);
    }
  }
  const names = (wanted: Answer): readonly string[] =>
    [...all].filter(([, answer]) => answer === wanted).map(([name]) => name);
  const failures = names('failed');
  return {
    passed: names('passed').length,
    failed: failures.length,
    skipped: names('skipped').length,
    failures,
  };
};

/** Other steps leave JSON of their own kind. */
const readReport = (path: string): Report | null => {
  if (!existsSync(path)) return null;
  const read: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return typeof read === 'object' && read !== null && 'testResults' in read ? (read as Report) : null;
};

const readSteps = (folder: string): readonly StepResult[] => {
  const path = join(folder, 'steps.tsv');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [name = '', code, seconds] = line.split('\t');
      return {
        name,
        code: Number(code),
        seconds: Number(seconds),
        report: readReport(join(folder, `${name}.json`)),
      };
    });
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const steps = readSteps(process.argv[2] ?? '');
  const { passed, failed, skipped, failures } = summarise(steps);
  for (const { name, code, seconds } of steps)
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${String(seconds).padStart(5)} s  ${name}`);
  for (const failure of failures) console.log(`failed: ${failure}`);
  console.log(`${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
