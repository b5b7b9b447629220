/**
 * `node scripts/check-demo.ts SCENARIO OUTCOME FILE`: does the last line of a demo's output say that the scenario ended
 * as it should, and that its journal replays? Exit code 1 when not, with what is wrong.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const FIELDS = [
  'scenario',
  'outcome',
  'rolloutId',
  'shares',
  'alertToWrittenMs',
  'requests',
  'samplesPerRung',
  'samplesPerGate',
  'requestsPerServer',
  'backendRefs',
  'journalEntries',
  'replayMatches',
];

/** Scenarios in which not one request may fail. */
const NONE_FAILED = new Set(['node-update', 'base-model', 'adapter', 'adapter-silent']);

const parse = (line: string): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
};

/** What is wrong with a demo's output; empty when nothing is. */
export const demoFaults = (scenario: string, outcome: string, output: string): readonly string[] => {
  const summary = parse(output.trimEnd().split('\n').at(-1) ?? '');
  if (summary === null) return ['the last line is not a JSON object'];
  const faults = FIELDS.filter((field) => !(field in summary)).map((field) => `${field} is missing`);
  if (summary['scenario'] !== scenario) faults.push(`scenario is ${String(summary['scenario'])}`);
  if (summary['outcome'] !== outcome) faults.push(`outcome is ${String(summary['outcome'])}, not ${outcome}`);
  if (summary['replayMatches'] !== true) faults.push('the journal does not replay');
  const failed = (summary['requests'] as { readonly failed?: unknown } | undefined)?.failed;
  if (NONE_FAILED.has(scenario) && failed !== 0) faults.push(`${String(failed)} requests failed`);
  return faults;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [scenario = '', outcome = '', file = ''] = process.argv.slice(2);
  const faults = demoFaults(scenario, outcome, readFileSync(file, 'utf8'));
  for (const fault of faults) console.error(`${scenario}: ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
