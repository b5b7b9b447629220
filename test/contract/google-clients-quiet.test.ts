/** The adapters in a process of their own: nothing on the terminal, and nobody asked but the servers that were named. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startAlertsServer } from '../../simulator/servers/alerts-server.ts';
import { startGkeServer } from '../../simulator/servers/gke-server.ts';
import { startMonitoringServer } from '../../simulator/servers/monitoring-server.ts';
import { createWorld } from '../../simulator/world/world.ts';

const CLUSTER = 'projects/acme/locations/us-central1/clusters/inference';
const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Runs the child where the metadata server of a virtual machine is one that counts. */
const run = async (mode: 'adapters' | 'bare' | 'strangers') => {
  const world = createWorld();
  const host = { world, wait: async () => undefined };
  const gke = await startGkeServer(host, { clusters: { [CLUSTER]: { endpoint: '127.0.0.1:1', caPem: CA } } });
  const monitoring = await startMonitoringServer(host);
  const alerts = await startAlertsServer(host);
  let asked = 0;
  const metadata = createServer((_request, response) => {
    asked += 1;
    response.writeHead(404).end();
  });
  await new Promise<void>((done) => metadata.listen(0, '127.0.0.1', done));
  ends.push(
    () => gke.close(),
    () => monitoring.close(),
    () => alerts.close(),
    () => metadata.close(),
  );
  const child = resolve(import.meta.dirname, 'google-clients-child.ts');
  const args = [child, mode, gke.address, monitoring.address, `http://${alerts.address}`, CLUSTER];
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    GCE_METADATA_HOST: `127.0.0.1:${(metadata.address() as AddressInfo).port}`,
  };
  const ended = await new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    execFile(process.execPath, args, { env, timeout: 30_000 }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code ?? -1), stdout: stdout.trim(), stderr }),
    );
  });
  return { ...ended, asked, requests: [gke, monitoring, alerts].map((server) => server.requests()) };
};

test('the adapters say nothing on the terminal and ask no metadata server, one request per call', async () => {
  expect(await run('adapters')).toEqual({
    code: 0,
    stdout: 'ok error ok ok error ok',
    stderr: '',
    asked: 0,
    requests: [3, 2, 1],
  });
});

test('the library alone asks it, with the same credentials: the check above can fail', async () => {
  const { asked, stdout } = await run('bare');
  expect({ isAsked: asked > 0, stdout }).toEqual({ isAsked: true, stdout: 'ok' });
});

test('where there are no credentials a call is no answer, and the process goes on', async () => {
  const { code, stdout, requests } = await run('strangers');
  expect({ code, stdout, requests }).toEqual({ code: 0, stdout: 'noAnswer', requests: [0, 0, 0] });
});
