/** The local platform: the deployed functions, bus and ticks in one process, by a clock that the test moves. */
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { lastTimeIn, type Platform, type PlatformOptions, startPlatform } from '../../local/platform.ts';
import { eventually } from '../helpers/eventually.ts';
import { manualClock } from '../helpers/manual-clock.ts';
import { rolloutFile } from '../helpers/simulated-rollout.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const MINUTE_MS = 60_000;

/** Nobody listens there. */
const NOWHERE = {
  SLUICE_PROJECT: 'acme',
  SLUICE_GKE_ENDPOINT: '127.0.0.1:1',
  SLUICE_MONITORING_ENDPOINT: '127.0.0.1:1',
  SLUICE_ALERTS_ENDPOINT: 'http://127.0.0.1:1',
  SLUICE_CLUSTER_TOKEN: 'token',
  SLUICE_PRINCIPAL: 'ana@localhost',
};

const options = (stateDir: string, more: Partial<PlatformOptions> = {}): PlatformOptions => ({
  stateDir,
  port: 0,
  environment: NOWHERE,
  clock: manualClock(),
  ...more,
});

const running = async (given: PlatformOptions): Promise<Platform> => {
  const started = await startPlatform(given);
  if (started.kind === 'problems') throw new Error(started.problems.map(({ what }) => what).join());
  return started.value;
};

const problemsOf = async (given: PlatformOptions) => {
  const started = await startPlatform(given);
  if (started.kind === 'ok') {
    await started.value.stop();
    throw new Error('it started');
  }
  return started.problems;
};

const rolloutsOf = async ({ apiUrl }: Platform): Promise<readonly string[]> => {
  const answer = await fetch(`${apiUrl}/v1/rollouts`);
  const { rollouts } = (await answer.json()) as { readonly rollouts: readonly { rolloutId: string }[] };
  return rollouts.map(({ rolloutId }) => rolloutId);
};

const publish = async ({ busUrl }: Platform, topic: string, value: unknown): Promise<number> => {
  const data = Buffer.from(JSON.stringify(value)).toString('base64');
  const answer = await fetch(`${busUrl}/v1/projects/acme/topics/${topic}:publish`, {
    method: 'POST',
    body: JSON.stringify({ messages: [{ data, attributes: { principal: 'bob@example.com' } }] }),
  });
  await answer.text();
  return answer.status;
};

const startAction = { action: 'start', requestId: 'r-1', file: rolloutFile({ name: 'first' }) };

describe('the platform', () => {
  test('takes requests by HTTP and by message, and keeps them in its folder', async () => {
    using folder = temporaryFolder();
    const platform = await running(options(folder.path));
    expect(await publish(platform, 'requests', startAction)).toBe(200);
    await eventually(() => platform.bus.underWay === 0);
    expect(await rolloutsOf(platform)).toEqual(['first-1']);
    expect(await platform.stop()).toBe('clean');

    const again = await running(options(folder.path));
    expect(await rolloutsOf(again)).toEqual(['first-1']);
    const file = rolloutFile({ name: 'second' }).replace('pool: llm }', 'pool: other }');
    const started = await fetch(`${again.apiUrl}/v1/rollouts`, {
      method: 'POST',
      body: JSON.stringify({ requestId: 'r-2', file }),
      headers: { 'content-type': 'application/json' },
    });
    expect(started.status).toBe(201);
    expect(await rolloutsOf(again)).toEqual(['first-1', 'second-1']);
    await again.stop();
  });

  test('publishes what happens to the topic of events', async () => {
    using folder = temporaryFolder();
    const platform = await running(options(folder.path));
    await publish(platform, 'requests', startAction);
    await eventually(() => platform.bus.underWay === 0);
    const events = platform.bus.events().map(({ attributes }) => attributes);
    await platform.stop();
    expect(events[0]).toEqual({ id: 'first-1/1', rolloutId: 'first-1', type: 'dev.sluice.rollout.queued' });
  });

  test('ticks on each full minute of its clock, and remembers when it last ran', async () => {
    using folder = temporaryFolder();
    const clock = manualClock(Date.UTC(2026, 2, 2, 9, 0, 30));
    const lines: string[] = [];
    const platform = await running(options(folder.path, { clock, writeLog: (line) => lines.push(line) }));
    const ticks = (): number =>
      Number(platform.bus.publish('ticks', [{ data: '', attributes: { a: '1' } }])[0]);
    const first = ticks();
    for (let minute = 0; minute < 3; minute += 1) {
      await eventually(() => platform.bus.underWay === 0);
      await clock.advance(MINUTE_MS);
    }
    await eventually(() => platform.bus.underWay === 0);
    expect(ticks() - first - 1).toBe(3);
    await platform.stop();
    expect(lastTimeIn(folder.path)).toBe(Date.UTC(2026, 2, 2, 9, 3));
    // A tick that says nothing is understood.
    expect(lines).toEqual([]);
  });

  test('waits for what is under way, and cuts what takes too long', async () => {
    using folder = temporaryFolder();
    const clock = manualClock();
    const platform = await running(options(folder.path, { clock, graceMs: 200 }));
    await publish(platform, 'requests', startAction);
    await eventually(() => platform.bus.underWay === 0);
    // A watch has no end of its own for minutes; a stop ends it.
    const watched = await fetch(`${platform.apiUrl}/v1/rollouts/first-1/watch`);
    expect(await platform.stop()).toBe('clean');
    expect((await watched.text()).startsWith('retry: 1000')).toBe(true);
    expect(await platform.stop()).toBe('clean');
    await clock.advance(MINUTE_MS);
  });
});

describe('what stands in the way is told in a sentence', () => {
  test('another process has the folder', async () => {
    using folder = temporaryFolder();
    const platform = await running(options(folder.path));
    expect(await problemsOf(options(folder.path))).toEqual([
      {
        file: folder.path,
        line: null,
        column: null,
        code: 'state-locked',
        what: `It is in use by process ${process.pid}, its API at ${platform.apiUrl}.`,
        mend: 'Stop that one, or take another folder with --state.',
      },
    ]);
    await platform.stop();
    await (await running(options(folder.path))).stop();
  });

  test('the port is taken; the folder is free again afterwards', async () => {
    using folder = temporaryFolder();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { readonly port: number };
    const problems = await problemsOf(options(folder.path, { port }));
    server.close();
    expect(problems.map(({ code, what }) => [code, what])).toEqual([
      ['port-in-use', `Port ${port} is in use by another program.`],
    ]);
    expect(problems[0]?.mend).toContain('--port');
    await (await running(options(folder.path))).stop();
  });

  test('the environment, or the folder, is wrong', async () => {
    using folder = temporaryFolder({ 'a-file': '' });
    const environment = { ...NOWHERE, SLUICE_CLUSTER_TOKEN: 'x', SLUICE_GKE_ENDPOINT: 'nowhere' };
    expect(await problemsOf(options(folder.path, { environment }))).toMatchObject([
      {
        code: 'environment-invalid',
        what: 'SLUICE_GKE_ENDPOINT must be HOST:PORT, e.g. 127.0.0.1:9090.',
      },
    ]);
    expect(await problemsOf(options(folder.at('a-file/state')))).toMatchObject([{ code: 'state-unusable' }]);
  });
});

describe('an idle platform', () => {
  /** A server of no protocol that counts who comes. */
  const counted = async () => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { readonly port: number };
    return {
      address: `127.0.0.1:${port}`,
      count: () => connections,
      close: () => new Promise((resolve) => server.close(resolve)),
    };
  };

  const collect = (): number => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    return process.memoryUsage().heapUsed;
  };

  test('asks nothing of cluster, GKE or Monitoring for hours, and its memory stays flat', async () => {
    using folder = temporaryFolder();
    const outside = { gke: await counted(), monitoring: await counted(), alerts: await counted() };
    const clock = manualClock();
    const environment = {
      ...NOWHERE,
      SLUICE_GKE_ENDPOINT: outside.gke.address,
      SLUICE_MONITORING_ENDPOINT: outside.monitoring.address,
      SLUICE_ALERTS_ENDPOINT: `http://${outside.alerts.address}`,
    };
    const platform = await running(options(folder.path, { clock, environment }));
    const hour = async (): Promise<number> => {
      for (let minute = 0; minute < 60; minute += 1) {
        await clock.advance(MINUTE_MS);
        await eventually(() => platform.bus.underWay === 0);
      }
      return collect();
    };
    // The first hour loads and compiles.
    await hour();
    const heaps = [await hour(), await hour(), await hour()];
    const counts = Object.values(outside).map(({ count }) => count());
    const lastId = Number(platform.bus.publish('events', [{ data: '', attributes: { a: '1' } }])[0]);
    const waiting = clock.waiting;
    await platform.stop();
    await Promise.all(Object.values(outside).map(({ close }) => close()));
    const grownKiB = ((heaps.at(-1) ?? 0) - (heaps[0] ?? 0)) / 1024;
    console.log(
      `idle: ${lastId - 1} ticks in 4 h, ${counts.join('/')} requests outside, heap ${Math.round(grownKiB)} KiB in the last 2 h`,
    );
    expect(counts).toEqual([0, 0, 0]);
    expect(lastId - 1).toBe(240);
    expect(grownKiB).toBeLessThan(512);
    // The next tick, and nothing else.
    expect(waiting).toBe(1);
  });
});
