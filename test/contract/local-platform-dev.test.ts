/** `sluice dev` as a person starts it: a process with the world and all of Sluice in it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../../cli/main.ts';
import { EXAMPLES } from '../../local/demo-input.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { testIo } from '../helpers/test-io.ts';

const LAUNCHER = join(EXAMPLES, '..', 'cli', 'sluice.mjs');

const ran = async (...args: readonly string[]) => {
  const io = testIo();
  const code = await runCli(args, io);
  return { code, out: io.outLines, err: io.errLines };
};

test('sluice dev says what runs where, takes a rollout, and ends with Ctrl-C', async () => {
  using folder = temporaryFolder();
  const child = spawn(process.execPath, [LAUNCHER, 'dev', '--state', folder.path, '--port', '0'], {
    env: { PATH: process.env['PATH'] },
  });
  const ended = once(child, 'exit');
  let out = '';
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const up = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('Ctrl-C')) resolve();
    });
    child.on('exit', () => reject(new Error(err)));
  });
  await up;
  const [, api = ''] = / API +(http:\/\/127\.0\.0\.1:\d+)\n/.exec(out) ?? [];
  expect(out).toContain(`export KUBECONFIG=${folder.at('kubeconfig.yaml')}`);
  expect(existsSync(folder.at('kubeconfig.yaml'))).toBe(true);
  expect(out).toMatch(/ gateway +http:\/\/127\.0\.0\.1:\d+ +serving\/inference-gateway\n/);
  expect(out).toContain(`sluice start -f examples/node-update/rollout.yaml --server ${api}`);

  const file = join(EXAMPLES, 'node-update', 'rollout.yaml');
  expect(await ran('start', '-f', file, '--server', api)).toMatchObject({ code: 0, err: [] });
  const { out: got } = await ran('get', 'llm-to-h200-1', '--server', api);
  expect(got[0]).toMatch(/^llm-to-h200-1 {3}\w+/);

  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(err).toContain('Stopping; what is under way gets 10 s (Ctrl-C again ends at once).');
  expect(err).toContain('the next `sluice dev` goes on from there.');
});
