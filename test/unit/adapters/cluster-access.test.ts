import { createServer } from 'node:http';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterLookup, createClusterAccess } from '../../../functions/adapters/cluster-access.ts';
import { googleToken, staticToken } from '../../../functions/adapters/cluster-access-token.ts';
import { createKubernetes } from '../../../functions/adapters/kubernetes.ts';
import { listenOnLoopback } from '../../../simulator/servers/http-listener.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { aHandClock, type HandClock } from './a-hand-clock.ts';
import { type ApiServer, json, startApiServer } from './an-api-server.ts';

const cluster = 'projects/p/locations/l/clusters/c';

let servers: ApiServer[] = [];
let clock: HandClock;

const startServer = async (): Promise<ApiServer> => {
  const server = await startApiServer();
  servers.push(server);
  return server;
};

beforeEach(() => {
  clock = aHandClock();
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

/** Asks for a pod; the look-ups say where. */
const setUp = (clusters: ClusterLookup, token = staticToken('t')) => {
  let lookUps = 0;
  const access = createClusterAccess({
    clusters: (name) => {
      lookUps += 1;
      return clusters(name);
    },
    token,
    clock,
  });
  const kubernetes = createKubernetes({ access, clock });
  return {
    get: () => kubernetes.get({ cluster, resource: RESOURCES.pod, namespace: 'serving', name: 'a' }),
    lookUps: () => lookUps,
  };
};

const at =
  (server: ApiServer): ClusterLookup =>
  () =>
    Promise.resolve({ endpoint: server.address, caPem: server.certificate.caPem });

const ok = { kind: 'answer', status: 200, object: {} };
const MINUTE_MS = 60_000;

describe('where a cluster is', () => {
  test('is asked for once in five minutes, however many requests there are at once', async () => {
    const way = setUp(at(await startServer()));
    expect(await Promise.all(Array.from({ length: 8 }, way.get))).toEqual(Array(8).fill(ok));
    clock.pass(5 * MINUTE_MS - 1);
    expect([await way.get(), way.lookUps()]).toEqual([ok, 1]);
    clock.pass(1);
    expect([await way.get(), way.lookUps()]).toEqual([ok, 2]);
  });

  test('may be said in base64, with a host name, or as a whole address', async () => {
    const server = await startServer();
    const caPem = Buffer.from(server.certificate.caPem).toString('base64').replaceAll(/.{64}/g, '$&\n');
    const port = server.address.split(':')[1];
    for (const endpoint of [`localhost:${port}`, `https://${server.address}/`])
      expect(await setUp(() => Promise.resolve({ endpoint, caPem })).get()).toEqual(ok);
  });

  test.each(['', 'a b', 'https://'])('is no answer when it is "%s"', async (endpoint) => {
    const why = `where ${cluster} is: "${endpoint}" is no endpoint`;
    expect(await setUp(() => Promise.resolve({ endpoint, caPem: '' })).get()).toEqual({
      kind: 'noAnswer',
      why,
    });
  });

  test('is no answer with the reason when nobody knows, and asked for again at once', async () => {
    const server = await startServer();
    const answers: ClusterLookup[] = [
      () => Promise.resolve({ why: 'UNAVAILABLE' }),
      () => Promise.reject(new Error('boom')),
      at(server),
    ];
    const way = setUp((name) => (answers.shift() ?? at(server))(name));
    expect(await way.get()).toEqual({ kind: 'noAnswer', why: `where ${cluster} is: UNAVAILABLE` });
    expect(await way.get()).toEqual({ kind: 'noAnswer', why: `where ${cluster} is: boom` });
    expect([await way.get(), way.lookUps()]).toEqual([ok, 3]);
  });

  test('a look-up that hangs ends with the request, and is not waited for after ten seconds', async () => {
    const server = await startServer();
    const answers: ClusterLookup[] = [() => new Promise(() => undefined)];
    const way = setUp((name) => (answers.shift() ?? at(server))(name));
    const first = way.get();
    clock.pass(10_000);
    expect(await first).toEqual({ kind: 'noAnswer', why: 'no answer within 10000 ms' });
    expect([await way.get(), way.lookUps()]).toEqual([ok, 2]);
  });
});

test('credentials that take too long end with the request', async () => {
  const server = await startServer();
  const way = setUp(at(server), () => {
    clock.pass(10_000);
    return new Promise(() => undefined);
  });
  expect(await way.get()).toEqual({ kind: 'noAnswer', why: 'no answer within 10000 ms' });
  expect([server.asked, clock.held()]).toEqual([[], 0]);
});

describe('it is asked for again', () => {
  test('when nobody listens there any more', async () => {
    const old = await startServer();
    const renewed = await startServer();
    let current = old;
    const way = setUp((name) => at(current)(name));
    expect(await way.get()).toEqual(ok);
    await old.close();
    current = renewed;
    // On the connection that was kept.
    expect((await way.get()).kind).toBe('noAnswer');
    expect([await way.get(), way.lookUps()]).toEqual([ok, 2]);
  });

  test('when nobody listens there at all', async () => {
    const gone = await startServer();
    const server = await startServer();
    let current = gone;
    const way = setUp((name) => at(current)(name));
    await gone.close();
    expect(await way.get()).toEqual({ kind: 'noAnswer', why: expect.stringMatching(/ECONNREFUSED/) });
    current = server;
    expect([await way.get(), way.lookUps()]).toEqual([ok, 2]);
  });

  test('when the other end takes connections and says nothing', async () => {
    const silent = createServer().on('connection', () => clock.pass(10_000));
    const server = await startServer();
    const listening = await listenOnLoopback(silent, 0, { requests: 0 });
    let endpoint = listening.address;
    const way = setUp(() => Promise.resolve({ endpoint, caPem: server.certificate.caPem }));
    expect(await way.get()).toEqual({ kind: 'noAnswer', why: 'no answer within 10000 ms' });
    endpoint = server.address;
    expect([await way.get(), way.lookUps()]).toEqual([ok, 2]);
    await listening.close();
  });

  test('when the certificate is signed by somebody else', async () => {
    const server = await startServer();
    const other = await startServer();
    let { caPem } = other.certificate;
    const way = setUp(() => Promise.resolve({ endpoint: server.address, caPem }));
    expect(await way.get()).toEqual({ kind: 'noAnswer', why: expect.stringMatching(/certificate/) });
    caPem = server.certificate.caPem;
    expect([await way.get(), way.lookUps()]).toEqual([ok, 2]);
  });

  test('not when the server answers badly, or is slow: it is the right one', async () => {
    const server = await startServer();
    const way = setUp(at(server));
    server.answer((_asked, response) => json(response, 500, {}));
    await way.get();
    server.answer(() => clock.pass(10_000));
    expect(await way.get()).toEqual({ kind: 'noAnswer', why: 'no answer within 10000 ms' });
    server.answer((_asked, response) => json(response, 200, {}));
    expect([await way.get(), way.lookUps()]).toEqual([ok, 1]);
  });
});

describe('who we are', () => {
  test('is asked for with each request', async () => {
    const server = await startServer();
    let tokens = 0;
    const way = setUp(at(server), () => Promise.resolve(`t-${++tokens}`));
    await way.get();
    await way.get();
    expect(server.asked.map(({ headers }) => headers['authorization'])).toEqual(['Bearer t-1', 'Bearer t-2']);
  });

  test('no answer, and nothing sent, where there are no credentials', async () => {
    const server = await startServer();
    const way = setUp(at(server), () => Promise.reject(new Error('Could not load the default credentials')));
    const why = 'no credentials: Could not load the default credentials';
    expect(await way.get()).toEqual({ kind: 'noAnswer', why });
    expect(server.asked).toEqual([]);
  });

  test("Google's token is kept while it is good, and fetched anew when it is about to end", async () => {
    const server = await startServer();
    const lives = [3600, 60, 3600];
    let fetched = 0;
    const tokens = await listenOnLoopback(
      createServer((_request, response) => {
        const body = { access_token: `g-${fetched}`, token_type: 'Bearer', expires_in: lives[fetched] };
        fetched += 1;
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
      }),
      0,
      { requests: 0 },
    );
    const authClient = new OAuth2Client({
      clientId: 'id',
      clientSecret: 'secret',
      endpoints: { oauth2TokenUrl: `http://${tokens.address}/token` },
    });
    authClient.setCredentials({ refresh_token: 'r' });
    const way = setUp(at(server), googleToken(new GoogleAuth({ authClient })));
    await way.get();
    await way.get();
    expect(fetched).toBe(1);
    authClient.setCredentials({ refresh_token: 'r' });
    await way.get();
    await way.get();
    await tokens.close();
    // The second lives for a minute only: the library takes it for as good as over.
    expect(server.asked.map(({ headers }) => headers['authorization'])).toEqual(
      ['g-0', 'g-0', 'g-1', 'g-2'].map((token) => `Bearer ${token}`),
    );
  });
});
