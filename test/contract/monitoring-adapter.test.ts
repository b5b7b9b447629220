/** The adapter through real gRPC and HTTP over loopback to the simulator's servers, and the world behind them. */
import { afterEach, expect, test } from 'vitest';
import { createMonitoring, type Monitoring } from '../../functions/adapters/monitoring.ts';
import { startAlertsServer } from '../../simulator/servers/alerts-server.ts';
import type { RunningServer } from '../../simulator/servers/hosted-world.ts';
import { startMonitoringServer } from '../../simulator/servers/monitoring-server.ts';
import { NO_ANSWER_FAULTS } from '../../simulator/world/answer-faults.ts';
import { createRandom } from '../../simulator/world/random.ts';
import { withAnswerFaults } from '../../simulator/world/with-answer-faults.ts';
import { createWorld, type World } from '../../simulator/world/world.ts';
import { aHandClock, type HandClock } from '../unit/adapters/a-hand-clock.ts';

const MINUTE_MS = 60_000;
const ERRORS = 'projects/acme/alertPolicies/101';
const LATENCY = 'projects/acme/alertPolicies/102';
/** Not of the world's own: only an act names it. */
const FOREIGN = 'projects/acme/alertPolicies/999';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Bench {
  readonly world: World;
  readonly metrics: RunningServer;
  readonly alerts: RunningServer;
  readonly monitoring: Monitoring;
  readonly clock: HandClock;
}

const bench = async (monitoringSilent = 0): Promise<Bench> => {
  const world = createWorld({
    alertPolicies: [
      { name: ERRORS, displayName: 'errors of llm', condition: null },
      { name: LATENCY, displayName: 'latency of llm', condition: null },
    ],
  });
  const host = { world, wait: async () => undefined };
  const { monitoring: handlers } = withAnswerFaults(world.handlers(), {
    faults: { ...NO_ANSWER_FAULTS, monitoringSilent },
    random: createRandom(7, 'faults'),
    world,
  });
  const metrics = await startMonitoringServer(host, { handlers });
  const alerts = await startAlertsServer(host, { handlers });
  const clock = aHandClock();
  const monitoring = createMonitoring({
    endpoint: metrics.address,
    alertsEndpoint: `http://${alerts.address}`,
    auth: null,
    clock,
  });
  ends.push(
    () => metrics.close(),
    () => alerts.close(),
    () => monitoring.close(),
  );
  return { world, metrics, alerts, monitoring, clock };
};

test('open incidents of the policies asked for are those that the world has, by its own words', async () => {
  const { world, monitoring, alerts } = await bench();
  const { startMs } = world.parameters;
  for (const policy of [ERRORS, LATENCY, FOREIGN]) {
    world.act({ kind: 'incidentOpened', policy });
    world.advanceTo(world.nowMs + MINUTE_MS);
  }
  const policies = [ERRORS, FOREIGN];
  const asked = await monitoring.openIncidents({ project: 'acme', policies });
  world.act({ kind: 'incidentClosed', policy: ERRORS });
  const later = await monitoring.openIncidents({ project: 'acme', policies });
  const direct = world.handlers().monitoring.openIncidents({ project: 'acme', policies }).value;
  const what = 'prometheus.googleapis.com/http_requests_total/counter of prometheus_target';
  const expected = (policy: string, name: string, minute: number) => ({
    incidentId: expect.stringMatching(/^0\.[0-9a-z]+$/),
    state: 'open',
    policy,
    policyDisplayName: name,
    startedAtMs: startMs + minute * MINUTE_MS,
    endedAtMs: null,
    summary: `${name} is open (${what})`,
  });
  expect({ asked, later, requests: alerts.requests() }).toEqual({
    // The newest first.
    asked: { kind: 'ok', incidents: [expected(FOREIGN, '999', 2), expected(ERRORS, 'errors of llm', 0)] },
    later: { kind: 'ok', incidents: [expected(FOREIGN, '999', 2)] },
    requests: 2,
  });
  // The same incident by push, by poll and by the world itself: one id.
  expect(later.kind === 'ok' && direct.kind === 'ok' && later.incidents[0]?.incidentId).toBe(
    direct.kind === 'ok' && direct.incidents[0]?.incidentId,
  );
});

test('a list of more than a page is read to its end', async () => {
  const { world, monitoring, alerts } = await bench();
  for (let count = 0; count < 1_050; count++) world.act({ kind: 'incidentOpened', policy: ERRORS });
  const { incidents } = world.handlers().monitoring.openIncidents({ project: 'acme', policies: [ERRORS] })
    .value as { incidents: readonly { incidentId: string }[] };
  const asked = await monitoring.openIncidents({ project: 'acme', policies: [ERRORS] });
  expect({
    ids: asked.kind === 'ok' ? asked.incidents.map(({ incidentId }) => incidentId).sort() : asked,
    requests: alerts.requests(),
  }).toEqual({ ids: [...new Set(incidents.map(({ incidentId }) => incidentId))].sort(), requests: 2 });
});

test('another project has no incidents of this one', async () => {
  const { world, monitoring } = await bench();
  world.act({ kind: 'incidentOpened', policy: ERRORS });
  expect(await monitoring.openIncidents({ project: 'other', policies: [ERRORS] })).toEqual({
    kind: 'ok',
    incidents: [],
  });
});

test('heartbeats reach the alarm outside, which rings when they stop', async () => {
  const { world, monitoring, metrics } = await bench();
  for (let minute = 0; minute < 10; minute++) {
    expect(await monitoring.heartbeat({ project: 'acme', rolloutId: 'r-1', atMs: world.nowMs })).toEqual({
      kind: 'ok',
    });
    world.advanceTo(world.nowMs + MINUTE_MS);
  }
  const calm = [...world.truth().alarms];
  const lastMs = world.nowMs - MINUTE_MS;
  world.advanceTo(world.nowMs + 10 * MINUTE_MS);
  expect({ calm, alarms: world.truth().alarms, requests: metrics.requests() }).toEqual({
    calm: [],
    alarms: [{ rolloutId: 'r-1', lastHeartbeatMs: lastMs, atMs: lastMs + 5 * MINUTE_MS, split: false }],
    requests: 10,
  });
});

test('an alert policy says whether it is there', async () => {
  const { monitoring } = await bench();
  expect([
    await monitoring.alertPolicy({ name: ERRORS }),
    await monitoring.alertPolicy({ name: FOREIGN }),
  ]).toEqual([
    { kind: 'ok', value: { name: ERRORS, displayName: 'errors of llm', enabled: true, userLabels: {} } },
    { kind: 'error', code: 'NOT_FOUND', message: `The requested entity was not found: ${FOREIGN}.` },
  ]);
});

test('a Cloud Monitoring that is silent is no answer when the time is over, by gRPC and by HTTP', async () => {
  const { world, monitoring, clock, alerts, metrics } = await bench(1);
  const waiting = Promise.all([
    monitoring.openIncidents({ project: 'acme', policies: [ERRORS] }),
    monitoring.heartbeat({ project: 'acme', rolloutId: 'r-1', atMs: world.nowMs }),
  ]);
  while (alerts.requests() + metrics.requests() < 2) await new Promise((resolve) => setImmediate(resolve));
  clock.pass(10_000);
  const silence = { kind: 'noAnswer', why: 'no answer within 10 s' };
  expect(await waiting).toEqual([silence, silence]);
});

test('the list refuses what it does not simulate', async () => {
  const { alerts } = await bench();
  const status = async (path: string): Promise<number> =>
    (await fetch(`http://${alerts.address}${path}`)).status;
  expect([
    await status('/v3/projects/acme/alerts?filter=state%3D%22OPEN%22'),
    await status('/v3/projects/acme/alerts'),
    await status('/v3/projects/acme/alerts?filter=state%3D%22OPEN%22&pageToken=x'),
    await status('/v3/projects/acme/alertPolicies'),
    alerts.requests(),
  ]).toEqual([200, 400, 400, 404, 4]);
});
