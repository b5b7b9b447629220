import { describe, expect, test } from 'vitest';
import { demoFaults } from '../../../scripts/check-demo.ts';
import { summarise } from '../../../scripts/ci-summary.ts';

const suite = (file: string, ...tests: readonly (readonly [name: string, status: string])[]) => ({
  name: file,
  status: tests.some(([, status]) => status === 'failed') ? 'failed' : 'passed',
  assertionResults: tests.map(([fullName, status]) => ({ fullName, status })),
});

const step = (name: string, code: number, ...testResults: readonly ReturnType<typeof suite>[]) => ({
  name,
  code,
  seconds: 1,
  report: testResults.length === 0 ? null : { testResults },
});

describe('the summary of a run', () => {
  test('counts a test once however many steps ran it, and as failed when it failed in one', () => {
    const summary = summarise([
      step('install', 0),
      step('verify', 0, suite('a.test.ts', ['one', 'passed'], ['two', 'passed'], ['three', 'pending'])),
      step('test', 1, suite('a.test.ts', ['one', 'passed'], ['two', 'failed'], ['three', 'pending'])),
      step('demo-alert', 0),
    ]);

    expect(summary).toEqual({ passed: 2, failed: 1, skipped: 1, failures: ['a.test.ts#1 two'] });
  });

  test('counts a step that failed without a failed test, and a file that could not be loaded', () => {
    const summary = summarise([
      step('verify', 1, suite('a.test.ts', ['one', 'passed'])),
      step('sweep', 1, { name: 'b.test.ts', status: 'failed', assertionResults: [] }),
      step('bench', 1),
    ]);

    expect(summary).toEqual({
      passed: 1,
      failed: 3,
      skipped: 0,
      failures: ['step verify', 'b.test.ts', 'step bench'],
    });
  });
});

const SUMMARY = {
  scenario: 'node-update',
  outcome: 'promoted',
  rolloutId: 'llm-to-h200-1',
  shares: [0, 100],
  alertToWrittenMs: null,
  requests: { total: 10, failed: 0 },
  samplesPerRung: [10],
  samplesPerGate: { errors: [10] },
  requestsPerServer: null,
  backendRefs: [],
  journalEntries: 3,
  replayMatches: true,
};

const faultsOf = (change: object): readonly string[] =>
  demoFaults('node-update', 'promoted', `frames\n${JSON.stringify({ ...SUMMARY, ...change })}\n`);

describe('the check of a demo', () => {
  test('passes what ended as it should', () => {
    expect(faultsOf({})).toEqual([]);
  });

  test('names what is wrong', () => {
    expect(faultsOf({ outcome: 'failed', replayMatches: false, requests: { total: 10, failed: 2 } })).toEqual(
      ['outcome is failed, not promoted', 'the journal does not replay', '2 requests failed'],
    );
    expect(faultsOf({ shares: undefined })).toEqual(['shares is missing']);
    expect(demoFaults('alert', 'rolledBack', 'promoted.\n')).toEqual(['the last line is not a JSON object']);
  });
});
