import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWallClock } from '../../functions/adapters/clock.ts';
import { createMonitoring } from '../../functions/adapters/monitoring.ts';
import { fuzz, LONG, type Verdict } from './fuzz.ts';
import { hostileText, hostileValue, setField } from './hostile-json.ts';

const POLICY = 'projects/acme/alertPolicies/101';

/** What the server answers next, in order; then nothing but empty lists. */
let pages: readonly string[] = [];
let served = 0;

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(pages[served++] ?? '{}');
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const sane = {
  name: fc.constantFrom('projects/acme/alerts/0.a', 'projects/365/alerts/0.b', '0.c'),
  state: fc.constantFrom('OPEN', 'CLOSED', 'STATE_UNSPECIFIED'),
  openTime: fc.constantFrom(
    '2026-03-02T09:00:00Z',
    '2026-03-02T09:00:00.123456789Z',
    '2026-03-02T09:00:00+05:30',
  ),
  policy: fc.constantFrom(
    { name: POLICY, displayName: 'errors' },
    { name: 'projects/365/alertPolicies/101' },
    { name: 'projects/acme/alertPolicies/102', displayName: 'others' },
  ),
  metric: fc.constant({ type: 'prometheus.googleapis.com/x/counter' }),
  resource: fc.constant({ type: 'prometheus_target' }),
} as const;

/** An alert of the API, in which now and then a field is something else, or is not there. */
const alert = fc
  .tuple(
    fc.record(sane),
    fc.array(fc.tuple(fc.constantFrom(...Object.keys(sane)), hostileValue), { maxLength: 1 }),
  )
  .map(([whole, changes]) => {
    const changed = { ...whole };
    for (const [key, value] of changes) setField(changed, key, value);
    return changed;
  });

const list = fc.record(
  {
    alerts: fc.array(alert, { maxLength: 4 }),
    nextPageToken: fc.constantFrom('', 'p2', '/ ?&'),
    totalSize: fc.nat(),
  },
  { requiredKeys: [] },
);

const body = fc.oneof(
  { weight: 6, arbitrary: list.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: hostileValue.map((value) => JSON.stringify(value) ?? 'undefined') },
  {
    weight: 1,
    arbitrary: fc.record({ alerts: hostileValue, nextPageToken: hostileValue }).map((v) => JSON.stringify(v)),
  },
  { weight: 1, arbitrary: hostileText },
);

const INCIDENT_FIELDS = [
  'endedAtMs',
  'incidentId',
  'policy',
  'policyDisplayName',
  'startedAtMs',
  'state',
  'summary',
];

test('open incidents of any shape are incidents of the policies asked for, or no answer', LONG, async () => {
  const { port } = server.address() as AddressInfo;
  const monitoring = createMonitoring({
    endpoint: '127.0.0.1:1',
    alertsEndpoint: `http://127.0.0.1:${port}`,
    auth: null,
    clock: createWallClock(),
  });
  const verdicts = await fuzz({
    runs: 300,
    input: fc.array(body, { minLength: 1, maxLength: 3 }),
    check: async (bodies): Promise<Verdict> => {
      pages = bodies;
      served = 0;
      const answer = await monitoring.openIncidents({ project: 'acme', policies: [POLICY] });
      expect(served).toBeLessThanOrEqual(bodies.length + 1);
      const why = answer.kind === 'noAnswer' ? answer.why : '';
      expect(why.length).toBeLessThan(1_000);
      if (answer.kind === 'noAnswer') return 'no answer';
      for (const incident of answer.incidents) {
        expect(Object.keys(incident).sort()).toEqual(INCIDENT_FIELDS);
        expect(incident).toMatchObject({ state: 'open', policy: POLICY, endedAtMs: null });
        expect(Number.isFinite(new Date(incident.startedAtMs).getTime())).toBe(true);
        expect(incident.incidentId.length).toBeGreaterThan(0);
        expect(incident.summary.length).toBeLessThanOrEqual(500);
      }
      return answer.incidents.length === 0 ? 'none' : 'incidents';
    },
  });
  expect(verdicts).toEqual(expect.arrayContaining(['no answer', 'none', 'incidents']));
});
