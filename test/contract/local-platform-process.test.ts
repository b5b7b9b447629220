/** The platform as a process of its own: signals, `kill -9`, and coming back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { rolloutFile } from '../helpers/simulated-rollout.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const MAIN = join(import.meta.dirname, '../../local/platform-main.ts');

const ENVIRONMENT = {
  SLUICE_PROJECT: 'acme',
  SLUICE_GKE_ENDPOINT: '127.0.0.1:1',
  SLUICE_MONITORING_ENDPOINT: '127.0.0.1:1',
  SLUICE_ALERTS_ENDPOINT: 'http://127.0.0.1:1',
  SLUICE_CLUSTER_TOKEN: 'token',
};

interface Ready {
  readonly ready: true;
  readonly pid: number;
  readonly apiUrl: string;
  readonly busUrl: string;
}

interface Process {
  readonly child: ChildProcess;
  readonly ready: Ready;
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
}

const spawned = (stateDir: string): ChildProcess =>
  spawn(process.execPath, [MAIN, '--state', stateDir, '--port', '0'], {
    env: { PATH: process.env['PATH'], ...ENVIRONMENT },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const started = async (stateDir: string): Promise<Process> => {
  const child = spawned(stateDir);
  const ended = once(child, 'exit') as unknown as Process['ended'];
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const first = await Promise.race([
    once(lines, 'line'),
    ended.then(() => Promise.reject(new Error(errors))),
  ]);
  return { child, ended, ready: JSON.parse(String((first as readonly unknown[])[0])) as Ready };
};

const rolloutsOf = async ({ ready }: Process): Promise<readonly string[]> => {
  const answer = await fetch(`${ready.apiUrl}/v1/rollouts`);
  const { rollouts } = (await answer.json()) as { readonly rollouts: readonly { rolloutId: string }[] };
  return rollouts.map(({ rolloutId }) => rolloutId);
};

const publishStart = async ({ ready }: Process, name: string): Promise<number> => {
  const file = rolloutFile({ name }).replace('pool: llm }', `pool: ${name} }`);
  const action = { action: 'start', requestId: name, file };
  const data = Buffer.from(JSON.stringify(action)).toString('base64');
  const answer = await fetch(`${ready.busUrl}/v1/projects/acme/topics/requests:publish`, {
    method: 'POST',
    body: JSON.stringify({ messages: [{ data }] }),
  });
  return answer.status;
};

/** Asks until it is so: another process has no event to wait for. */
const untilRollouts = async (process_: Process, wanted: readonly string[]): Promise<void> => {
  const endMs = performance.now() + 20_000;
  let found: readonly string[] = [];
  while (performance.now() < endMs) {
    found = await rolloutsOf(process_);
    if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  }
  expect(found).toEqual(wanted);
};

describe('the process', () => {
  test('says where everything is, and ends with SIGTERM', async () => {
    using folder = temporaryFolder();
    const first = await started(folder.path);
    expect(first.ready).toMatchObject({
      ready: true,
      pid: first.child.pid,
      stateDir: folder.path,
      storePath: folder.at('sluice.db'),
    });
    expect(await rolloutsOf(first)).toEqual([]);
    first.child.kill('SIGTERM');
    expect(await first.ended).toEqual([0, null]);
    await expect(fetch(first.ready.apiUrl)).rejects.toThrow('fetch failed');
  });

  test('leaves its folder to the next when it is killed, and what was not acknowledged is delivered again', async () => {
    using folder = temporaryFolder();
    const first = await started(folder.path);
    await publishStart(first, 'one');
    await untilRollouts(first, ['one-1']);
    // Somebody holds the store: the next message is accepted, and its door gets nowhere.
    const blocker = new DatabaseSync(folder.at('sluice.db'));
    blocker.exec('BEGIN IMMEDIATE');
    expect(await publishStart(first, 'two')).toBe(200);
    first.child.kill('SIGKILL');
    expect(await first.ended).toEqual([null, 'SIGKILL']);
    blocker.exec('ROLLBACK');
    blocker.close();

    const second = await started(folder.path);
    await untilRollouts(second, ['one-1', 'two-1']);
    second.child.kill('SIGINT');
    expect(await second.ended).toEqual([0, null]);
  });

  test('says why it does not start', async () => {
    using folder = temporaryFolder();
    const first = await started(folder.path);
    const other = spawned(folder.path);
    let errors = '';
    other.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    expect(await once(other, 'exit')).toEqual([1, null]);
    expect(errors).toBe(
      `${folder.path}  state-locked  It is in use by process ${first.ready.pid}, its API at ${first.ready.apiUrl}.  Stop that one, or take another folder with --state.\n`,
    );
    first.child.kill('SIGKILL');
    await first.ended;
  });
});
