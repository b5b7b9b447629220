import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createMonitoring, type Monitoring } from '../../../functions/adapters/monitoring.ts';
import { aHandClock } from './a-hand-clock.ts';

const POLICY = 'projects/acme/alertPolicies/101';
const OTHER = 'projects/acme/alertPolicies/102';
const CALL = { project: 'acme', policies: [POLICY] };

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

type Reply = (request: IncomingMessage, response: ServerResponse, count: number) => void;

const bench = async (reply: Reply) => {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    reply(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clock = aHandClock();
  const alertsEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = (auth: (() => Promise<string>) | null = null): Monitoring =>
    createMonitoring({ endpoint: '127.0.0.1:1', alertsEndpoint, auth, clock });
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { client, clock, seen };
};

const json =
  (body: unknown, status = 200): Reply =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };

const alert = (fields: object = {}): object => ({
  name: 'projects/365415247865/alerts/0.nrwotmyokd9n',
  state: 'OPEN',
  openTime: '2026-03-02T09:00:00.123456789Z',
  resource: { type: 'prometheus_target', labels: { cluster: 'c1' } },
  metric: { type: 'prometheus.googleapis.com/vllm:num_requests_waiting/gauge', labels: {} },
  policy: { name: POLICY, displayName: 'errors of llm', severity: 'ERROR', userLabels: { gate: 'errors' } },
  ...fields,
});

const INCIDENT = {
  incidentId: '0.nrwotmyokd9n',
  state: 'open',
  policy: POLICY,
  policyDisplayName: 'errors of llm',
  startedAtMs: Date.parse('2026-03-02T09:00:00.123Z'),
  endedAtMs: null,
  summary:
    'errors of llm is open (prometheus.googleapis.com/vllm:num_requests_waiting/gauge of prometheus_target)',
};

test('the request asks for what is open, a thousand at once, with a token', async () => {
  const { client, seen } = await bench(json({ alerts: [alert()], totalSize: 1 }));
  const answer = await client(() => Promise.resolve('t-1')).openIncidents(CALL);
  expect({
    answer,
    seen: seen.map(({ method, url, headers }) => [method, url, headers.authorization]),
  }).toEqual({
    answer: { kind: 'ok', incidents: [INCIDENT] },
    seen: [['GET', '/v3/projects/acme/alerts?filter=state%3D%22OPEN%22&pageSize=1000', 'Bearer t-1']],
  });
});

test('an empty answer is no incidents', async () => {
  const { client, seen } = await bench(json({}));
  expect(await client().openIncidents({ ...CALL, project: 'projects/acme' })).toEqual({
    kind: 'ok',
    incidents: [],
  });
  expect(seen.map(({ url, headers }) => [url?.split('?')[0], headers.authorization])).toEqual([
    ['/v3/projects/acme/alerts', undefined],
  ]);
});

test('pages are followed, and an alert that moves from one to the next counts once', async () => {
  const second = alert({ name: 'projects/acme/alerts/0.b' });
  const { client, seen } = await bench((request, response, count) =>
    json(count === 1 ? { alerts: [alert()], nextPageToken: 'a b&c' } : { alerts: [alert(), second] })(
      request,
      response,
      count,
    ),
  );
  expect(await client().openIncidents(CALL)).toEqual({
    kind: 'ok',
    incidents: [INCIDENT, { ...INCIDENT, incidentId: '0.b' }],
  });
  expect(seen.map(({ url }) => new URLSearchParams(url?.split('?')[1]).get('pageToken'))).toEqual([
    null,
    'a b&c',
  ]);
});

test('a policy is known by its id where the API has the number of the project', async () => {
  const named = (name: string): object => alert({ policy: { name, displayName: 'errors of llm' } });
  const { client } = await bench(
    json({
      alerts: [
        named('projects/365415247865/alertPolicies/101'),
        named('projects/other/alertPolicies/101'),
        named('projects/365415247865/alertPolicies/102'),
      ],
    }),
  );
  expect(await client().openIncidents(CALL)).toEqual({ kind: 'ok', incidents: [INCIDENT] });
});

test('what is closed, or of a policy that nobody watches, does not count; a state nobody knows does', async () => {
  const { client } = await bench(
    json({
      alerts: [
        alert({ name: 'projects/acme/alerts/0.a', state: 'CLOSED' }),
        alert({ name: 'projects/acme/alerts/0.b', policy: { name: OTHER }, openTime: 'yesterday' }),
        alert({ name: 'projects/acme/alerts/0.c', state: 'ACKNOWLEDGED' }),
        alert({ name: 'projects/acme/alerts/0.d', state: undefined }),
      ],
    }),
  );
  const answer = await client().openIncidents(CALL);
  expect(answer.kind === 'ok' && answer.incidents.map(({ incidentId }) => incidentId)).toEqual([
    '0.c',
    '0.d',
  ]);
});

const unreadable = 'alerts: one of them cannot be read';
const UNREADABLE: readonly (readonly [string, unknown, string])[] = [
  ['an alert without a policy', { alerts: [alert({ policy: undefined })] }, unreadable],
  ['an alert that is a text', { alerts: ['open'] }, unreadable],
  [
    'a watched alert with a time that is none',
    { alerts: [alert({ openTime: '2026-99-99T09:00:00Z' })] },
    unreadable,
  ],
  ['a watched alert with a time in words', { alerts: [alert({ openTime: 'March 7' })] }, unreadable],
  ['a watched alert without a name', { alerts: [alert({ name: '' })] }, unreadable],
  ['alerts that are no list', { alerts: { 0: alert() } }, 'alerts: the answer is not a list of alerts'],
  ['a list', [alert()], 'alerts: the answer is not a list of alerts'],
  ['null', null, 'alerts: the answer is not a list of alerts'],
];

test.each(UNREADABLE)('%s is no answer: no data is never a pass', async (_, body, why) => {
  const { client } = await bench(json(body));
  expect(await client().openIncidents(CALL)).toEqual({ kind: 'noAnswer', why });
});

test('an endless list ends, and is no answer', async () => {
  const { client, seen } = await bench(json({ alerts: [], nextPageToken: 'again' }));
  expect(await client().openIncidents(CALL)).toEqual({
    kind: 'noAnswer',
    why: 'alerts: more than 20 pages are open',
  });
  expect(seen).toHaveLength(20);
});

test('an endless page is not read to its end', async () => {
  const megabyte = Buffer.alloc(1024 * 1024, ' ');
  let sent = 0;
  const { client } = await bench((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && sent < 200 && response.write(megabyte)) sent += 1;
      sent += 1;
    };
    response.on('drain', more);
    more();
  });
  expect(await client().openIncidents(CALL)).toEqual({
    kind: 'noAnswer',
    why: 'a page of alerts has more than 33554432 bytes',
  });
  expect(sent).toBeLessThan(100);
});

test.each([
  [403, { error: { code: 403, status: 'PERMISSION_DENIED' } }],
  [500, {}],
  [204, null],
])('status %i is no answer', async (status, body) => {
  const { client, seen } = await bench((_request, response) => {
    response.writeHead(status);
    response.end(status === 204 ? undefined : JSON.stringify(body));
  });
  const answer = await client().openIncidents(CALL);
  expect({ answer, requests: seen.length }).toEqual({
    answer: { kind: 'noAnswer', why: expect.stringContaining(`alerts: HTTP ${status}`) },
    requests: 1,
  });
});

test('a redirection is not followed: the token is for one server', async () => {
  const { client, seen } = await bench((_request, response) => {
    response.writeHead(302, { location: '/elsewhere' });
    response.end();
  });
  const answer = await client(() => Promise.resolve('t-1')).openIncidents(CALL);
  expect({ kind: answer.kind, urls: seen.length }).toEqual({ kind: 'noAnswer', urls: 1 });
});

test('a text that is no JSON, a connection that ends, and credentials that fail are no answer', async () => {
  const { client, seen } = await bench((_request, response, count) => {
    if (count === 1) response.end('<html>');
    else response.destroy();
  });
  const kinds = [
    await client().openIncidents(CALL),
    await client().openIncidents(CALL),
    await client(() => Promise.reject(new Error('no credentials'))).openIncidents(CALL),
  ];
  expect({ kinds, requests: seen.length }).toEqual({
    kinds: [
      { kind: 'noAnswer', why: expect.stringContaining('JSON') },
      { kind: 'noAnswer', why: expect.stringMatching(/^alerts: ./) },
      { kind: 'noAnswer', why: 'alerts: no credentials' },
    ],
    requests: 2,
  });
});

test('a server that hangs is left when the time is over, and its connection ends', async () => {
  const arrived = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const { client, clock } = await bench((_request, response) => {
    response.on('close', () => gone.resolve());
    arrived.resolve();
  });
  const asked = client().openIncidents(CALL);
  await arrived.promise;
  const held = clock.held();
  clock.pass(10_000);
  const answer = await asked;
  await gone.promise;
  expect({ answer, held, heldAfter: clock.held() }).toEqual({
    answer: { kind: 'noAnswer', why: 'no answer within 10 s' },
    held: 1,
    heldAfter: 0,
  });
});

test('credentials that never come take no longer than a server that hangs, and nothing is sent', async () => {
  const { client, clock, seen } = await bench(json({}));
  const token = Promise.withResolvers<string>();
  const asked = client(() => token.promise).openIncidents(CALL);
  clock.pass(10_000);
  const answer = await asked;
  token.resolve('too late');
  await new Promise((resolve) => setImmediate(resolve));
  expect({ answer, requests: seen.length }).toEqual({
    answer: { kind: 'noAnswer', why: 'no answer within 10 s' },
    requests: 0,
  });
});
