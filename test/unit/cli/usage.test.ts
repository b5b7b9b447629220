import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../../cli/main.ts';
import { EXAMPLES } from '../../../local/demo-input.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { testIo } from '../../helpers/test-io.ts';

const NODE_UPDATE = join(EXAMPLES, 'node-update');
const LAUNCHER = join(EXAMPLES, '..', 'cli', 'sluice.mjs');

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec: { replicas: 1 }
`;

/** Each line of errors that a command line leads to; nothing may be on standard output, nothing may be a stack trace. */
const errorsOf = async (args: readonly string[]): Promise<readonly string[]> => {
  const io = testIo();
  expect(await runCli(args, io)).toBe(1);
  expect(io.outLines).toEqual([]);
  expect(io.errLines.filter((line) => /^\s+at /.test(line))).toEqual([]);
  return io.errLines;
};

describe('a wrong command line', () => {
  test.each([
    [['dmeo'], "error: unknown command 'dmeo'", '(Did you mean demo?)'],
    [['demo', '--scenari', 'x'], "error: unknown option '--scenari'", '(Did you mean --scenario?)'],
  ])('%s names the nearest', async (args, ...lines) => {
    expect((await errorsOf(args)).slice(0, 2)).toEqual(lines);
  });

  test.each([
    [
      ['demo', '--seed', '1.5'],
      "error: option '--seed <number>' argument '1.5' is invalid. It must be a whole number from 0 on.",
    ],
    [['plan', '--stack', '.'], "error: required option '-f, --file <file>' not specified"],
    [['replay'], "error: required option '--store <file>' not specified"],
    [['demo', 'more'], "error: too many arguments for 'demo'. Expected 0 arguments but got 1: more."],
  ])('%s is told what is wrong', async (args, line) => {
    expect((await errorsOf(args))[0]).toBe(line);
  });

  test('an unknown scenario names the nearest and all', async () => {
    expect(await errorsOf(['demo', '--scenario', 'aler'])).toEqual([
      '--scenario  unknown-scenario  No scenario is called "aler".  Did you mean alert? There are node-update, base-model, slow-hardware, alert, stockout, drift, adapter, adapter-silent, adapter-missing.',
    ]);
    expect((await errorsOf(['demo', '--scenario', 'zzzzzzzzzzzz']))[0]).not.toContain('Did you mean');
  });

  test('help is no error and has an example for each command', async () => {
    for (const command of ['demo', 'plan', 'validate', 'replay', 'schema']) {
      const io = testIo();
      expect(await runCli([command, '--help'], io)).toBe(0);
      expect(io.outLines.join('\n')).toContain(`Example:\n  sluice ${command}`);
    }
  });
});

describe('bad input', () => {
  test('a stack that is not there, is a file, or is empty', async () => {
    using folder = temporaryFolder({ 'notes.txt': '' });
    expect(await errorsOf(['demo', '--stack', '/no/such'])).toEqual([
      '/no/such  folder-missing  There is no such folder.  Check --stack.',
    ]);
    expect((await errorsOf(['demo', '--stack', folder.at('notes.txt')]))[0]).toContain('  not-a-folder  ');
    expect((await errorsOf(['demo', '--stack', folder.path]))[0]).toContain('  folder-empty  ');
  });

  test('manifests that are no YAML, no objects, or none of the cluster’s', async () => {
    using folder = temporaryFolder({ 'a.yaml': 'kind: List\nitems: [1]\n---\nspec: 1\n', 'b.yaml': 'a: {' });
    const lines = await errorsOf(['demo', '--stack', folder.path]);
    expect(lines.map((line) => line.replace(`${folder.path}/`, '').split('  ').slice(0, 2))).toEqual([
      ['a.yaml:1:1', 'not-an-object'],
      ['a.yaml:4:1', 'not-an-object'],
      ['b.yaml:1:5', 'yaml-syntax'],
    ]);
  });

  test('an object that the API server refuses is named with its causes', async () => {
    using folder = temporaryFolder({
      'a.yaml': `# first\n${DEPLOYMENT}`,
      'b.yaml': 'apiVersion: v1\nkind: Pool\nmetadata: { name: p }\n',
    });
    const lines = await errorsOf(['demo', '--stack', folder.path]);
    expect(lines).toHaveLength(2);
    expect(lines.find((line) => line.includes('a.yaml:2:1'))).toMatch(
      /object-refused {2}Deployment web: the API server refuses it \(422\): .*spec\.selector: Required value/,
    );
    expect(lines.find((line) => line.includes('b.yaml:1:1'))).toContain(
      'Pool p: the simulated cluster serves no Pool of v1.',
    );
  });

  test('a stack without a served pool needs a rollout file', async () => {
    using folder = temporaryFolder({ 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n' });
    expect((await errorsOf(['demo', '--stack', folder.path]))[0]).toContain('  no-serving-pool  ');
  });

  test('manifests that a rollout file names and nobody has', async () => {
    const text = `apiVersion: sluice.dev/v1
kind: Rollout
metadata: { name: a }
spec:
  type: node
  cluster: projects/acme/locations/us-central1/clusters/inference
  namespace: serving
  from: { pool: llm }
  to: { pool: llm-new, source: { manifests: [./none/*.yaml] } }
  retention: { retire: keep }
`;
    using folder = temporaryFolder({ 'rollout.yaml': text });
    expect(await errorsOf(['plan', '-f', folder.at('rollout.yaml'), '--stack', NODE_UPDATE])).toEqual([
      `${folder.at('rollout.yaml')}  manifests-missing  spec.to.source.manifests names ./none/*.yaml, and no YAML file fits it.  Paths are relative to the rollout file.`,
    ]);
  });

  test('a scenario about bought nodes needs a file that buys some', async () => {
    const file = join(EXAMPLES, 'base-model', 'rollout.yaml');
    expect((await errorsOf(['demo', '--scenario', 'stockout', '-f', file]))[0]).toContain(
      '  scenario-needs-create  ',
    );
  });

  test('a store that is something else, or cannot be', async () => {
    using folder = temporaryFolder({ 'x.db': 'text' });
    expect((await errorsOf(['replay', '--store', folder.at('none.db')]))[0]).toContain('  store-missing  ');
    expect((await errorsOf(['replay', '--store', folder.at('x.db')]))[0]).toContain('  store-corrupt  ');
    expect((await errorsOf(['demo', '--json', '--store', folder.at('x.db')]))[0]).toContain(
      '  store-corrupt  ',
    );
    expect((await errorsOf(['demo', '--json', '--store', '/no/such/x.db']))[0]).toContain(
      '  folder-missing  ',
    );
  });
});

describe('the real program', () => {
  test('starts by its launcher and leaves its exit code', () => {
    const ran = spawnSync(process.execPath, [LAUNCHER, 'demo', '--scenario', 'alert', '--fast', '--json'], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: '' });
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(Object.keys(JSON.parse(lines[0] ?? '') as object)).toEqual([
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
    ]);
  });

  test('writes no colour into a pipe', () => {
    const ran = spawnSync(process.execPath, [LAUNCHER, 'demo', '--scenario', 'stockout', '--fast'], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    expect(ran.status).toBe(0);
    expect(ran.stdout).not.toContain('\u001b');
    expect(ran.stdout).toContain('FAILED   llm-to-h200-1: all traffic is on llm');
  });
});
