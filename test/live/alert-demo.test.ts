/**
 * The scenario `alert` over real protocols, and the proof that Sluice met its world by the servers only. It runs in a process
 * of its own, so that all ways in are what that process has: its environment, its open sockets, its other descriptors, its
 * children. While the rollout runs they are read again and again from the outside.
 */
import { KubeConfig } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import type { LiveWorld } from '../../local/run-live-demo.ts';
import { liveRun } from './live-run.ts';
import { canLook, environmentOf, openingsOf } from './process-sockets.ts';

const REQUESTS_PER_SECOND = 150;
const LOOK_MS = 20;

type Addresses = ReadonlyMap<string, string>;

/** Addresses of the world, by what is there. */
const serversOf = ({ host }: LiveWorld): Addresses => {
  const config = new KubeConfig();
  config.loadFromString(host.kubeconfig);
  const { environment } = host;
  const plain = (address = ''): string => address.replace(/^https?:\/\//, '');
  return new Map([
    ...config.getClusters().map(({ server }): [string, string] => [plain(server), 'kubernetes']),
    [plain(environment['SLUICE_GKE_ENDPOINT']), 'gke'],
    [plain(environment['SLUICE_MONITORING_ENDPOINT']), 'monitoring'],
    [plain(environment['SLUICE_ALERTS_ENDPOINT']), 'alerts'],
    [plain(environment['SLUICE_CLOCK']), 'clock'],
  ]);
};

/** Looks at the process until it is told to stop. */
class Lookout {
  /** Who it was connected to: names of servers, `itself`, or the address of somebody else. */
  readonly met = new Set<string>();
  readonly others = new Set<string>();
  children = 0;
  looks = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number, servers: Addresses) {
    // Ports that it listened on: a connection may outlive the look that would have shown it.
    const own = new Set<string>();
    this.#timer = setInterval(() => {
      const { tcp, others, children } = openingsOf(pid);
      this.looks += 1;
      this.children = Math.max(this.children, children.length);
      for (const other of others) this.others.add(other);
      for (const { local, isListening } of tcp) if (isListening) own.add(local);
      for (const { local, remote, isListening } of tcp)
        if (!isListening)
          this.met.add(own.has(local) || own.has(remote) ? 'itself' : (servers.get(remote) ?? remote));
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

test('an alert puts the traffic back at sixty times the wall’s pace, by way of the servers only', async () => {
  const lookout: { at: Lookout | null } = { at: null };
  let environment: Readonly<Record<string, string>> = {};
  let given: Readonly<Record<string, string>> = {};
  const run = await liveRun({
    scenario: 'alert',
    requestsPerSecond: REQUESTS_PER_SECOND,
    onUp: (up) => {
      given = up.host.environment;
      if (!canLook) return;
      environment = environmentOf(up.platform.pid);
      lookout.at = new Lookout(up.platform.pid, serversOf(up));
    },
    beforeDown: async () => lookout.at?.stop(),
  });
  const { result } = run;
  const { requestsPerServer, alertToWrittenMs, shares, requests } = result;
  console.log(
    `live alert: shares ${shares.join(' ')}, written ${alertToWrittenMs} ms (virtual) after the incident, ` +
      `${requests.failed} of ${requests.total} requests failed, ` +
      `by server ${JSON.stringify(requestsPerServer)}`,
  );
  expect({ outcome: result.outcome, asMeant: run.endedAsMeant, replays: result.replayMatches }).toEqual({
    outcome: 'rolledBack',
    asMeant: true,
    replays: true,
  });
  expect({ reason: run.ending?.reason, last: shares.at(-1), failed: requests.failed }).toEqual({
    reason: 'alert',
    last: 0,
    failed: 0,
  });
  expect(run.remaining).toEqual([]);
  for (const server of ['kubernetes', 'gke', 'monitoring', 'alerts'])
    expect(requestsPerServer?.[server] ?? 0, server).toBeGreaterThan(0);

  if (!canLook) return console.log('live alert: no /proc here, so nobody looked at the process');
  const { looks, met, others, children } = lookout.at ?? { looks: 0, met: [], others: [], children: 0 };
  console.log(`live alert: ${looks} looks at the process; it met ${[...met].toSorted().join(', ')}`);
  expect(looks).toBeGreaterThan(100);
  // Everybody of the world, the functions and the bus by their own ports, and nobody else.
  expect([...met].toSorted()).toEqual(['alerts', 'clock', 'gke', 'itself', 'kubernetes', 'monitoring']);
  // Standard output and error are all that leads to the process with the world in it, and out only.
  expect([...others].filter((other) => !/ (pipe|anon_inode)$/.test(other)).toSorted()).toEqual([
    '1 unix',
    '2 unix',
  ]);
  expect(children).toBe(0);
  const told = Object.entries(environment).filter(([name]) => name.startsWith('SLUICE_'));
  expect(Object.fromEntries(told.filter(([name]) => !name.startsWith('SLUICE_PRINCIPAL')))).toEqual(given);
  // No channel to the process that has the world in it.
  expect(Object.keys(environment).filter((name) => name.startsWith('NODE_CHANNEL'))).toEqual([]);
  return undefined;
}, 300_000);
