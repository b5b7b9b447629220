import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { aWorld, podsOf } from '../../unit/simulator/world/a-world.ts';
import { ADMIN, CLUSTER, type Hosted, hosted, VIEWER } from './hosted.ts';

const ROUTE = '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/routes-to-llm';
const MAPS = '/api/v1/namespaces/default/configmaps';

const quiet = () => aWorld({ llm: 90, 'llm-new': 10 }, { traffic: [] });
const configMap = (name: string, data: Readonly<Record<string, string>> = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const JSON_TYPE = { 'Content-Type': 'application/json' };

const create = ({ client }: Hosted, name: string, data?: Readonly<Record<string, string>>) =>
  client.ask({ method: 'POST', path: MAPS, token: ADMIN, headers: JSON_TYPE, body: configMap(name, data) });

/** Events of a watch that ends by itself. */
async function events({ client }: Hosted, path: string): Promise<readonly (readonly [string, string])[]> {
  const { body } = await client.ask({ path, token: ADMIN });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { type, object }: { type: string; object: KubeObject & { reason?: string } } = JSON.parse(line);
      return [type, object.metadata.name ?? object.reason ?? ''] as const;
    });
}

describe('who may ask', () => {
  test('a token has a user, an unknown one is refused, no token is anonymous', async () => {
    await hosted(quiet(), async ({ client }) => {
      const status = async (path: string, token?: string) =>
        (await client.ask({ path, ...(token === undefined ? {} : { token }) })).status;
      expect({
        known: await status(ROUTE, ADMIN),
        unknown: await status(ROUTE, 'nobody-has-it'),
        unknownHealth: await status('/healthz', 'nobody-has-it'),
        anonymous: await status(ROUTE),
        anonymousWatch: await status('/api/v1/pods?watch=true'),
        anonymousApis: await status('/openapi/v3'),
        anonymousVersion: await status('/version'),
        anonymousHealth: await status('/readyz'),
      }).toEqual({
        known: 200,
        unknown: 401,
        unknownHealth: 401,
        anonymous: 403,
        anonymousWatch: 403,
        anonymousApis: 404,
        anonymousVersion: 200,
        anonymousHealth: 200,
      });
    });
  });

  test('the world decides who may do what, watching and proxying included', async () => {
    const world = quiet();
    world.setAccess(
      CLUSTER,
      ({ user }, verb, { plural }) => user === 'admin' || (verb === 'get' && plural === 'pods'),
    );
    await hosted(world, async ({ client }) => {
      const [pod] = world.truth().pods;
      const pods = '/api/v1/namespaces/default/pods';
      const status = async (path: string) => (await client.ask({ path, token: VIEWER })).status;
      expect([
        await status(`${pods}/${pod?.name}`),
        await status(`${pods}?watch=true`),
        await status(pods),
        await status(`${pods}/${pod?.name}:8000/proxy/metrics`),
      ]).toEqual([200, 403, 403, 403]);
    });
  });
});

describe('answers', () => {
  test('the field manager comes from the query, else from the user agent', async () => {
    await hosted(quiet(), async (here) => {
      const agent = { ...JSON_TYPE, 'User-Agent': 'sluice-test/1.0 (linux)' };
      const managers = async (path: string, name: string) => {
        const answer = await here.client.ask({
          method: 'POST',
          path,
          token: ADMIN,
          headers: agent,
          body: configMap(name, { a: 'b' }),
        });
        return (answer.body as KubeObject).metadata.managedFields?.map(({ manager }) => manager);
      };
      expect([await managers(MAPS, 'one'), await managers(`${MAPS}?fieldManager=me`, 'two')]).toEqual([
        ['sluice-test'],
        ['me'],
      ]);
    });
  });

  test('a body is compressed where it is large and the caller takes it', async () => {
    await hosted(quiet(), async (here) => {
      for (const name of ['a', 'b', 'c']) await create(here, name, { text: 'x'.repeat(60_000) });
      const ask = async (encoding: string) => {
        const headers = { 'Accept-Encoding': encoding };
        const { bytes, body } = await here.client.ask({ path: MAPS, token: ADMIN, headers });
        return { bytes, items: (body as { items: readonly unknown[] }).items.length };
      };
      const plain = await ask('identity');
      const packed = await ask('gzip');
      expect(packed.items).toBe(plain.items);
      expect(plain.bytes).toBeGreaterThan(180_000);
      expect(packed.bytes).toBeLessThan(10_000);
    });
  });

  test('strict field validation refuses unknown fields in every kind of write; otherwise a warning tells', async () => {
    await hosted(quiet(), async (here) => {
      await create(here, 'map');
      const odd = JSON.stringify({ ...JSON.parse(configMap('map')), odd: 1 });
      const ask = async (method: string, path: string, type: string, validation: string) => {
        const { status, headers } = await here.client.ask({
          method,
          path: `${path}?fieldManager=t&fieldValidation=${validation}`,
          token: ADMIN,
          headers: { 'Content-Type': type },
          body: odd,
        });
        return [status, headers['warning']];
      };
      const merge = 'application/merge-patch+json';
      const map = `${MAPS}/map`;
      const warning = '299 - "unknown field \\"odd\\""';
      expect([
        await ask('PATCH', map, merge, 'Strict'),
        await ask('PUT', map, 'application/json', 'Strict'),
        await ask('PATCH', map, merge, 'Warn'),
        await ask('PATCH', map, merge, 'Ignore'),
      ]).toEqual([
        [422, undefined],
        [400, undefined],
        [200, warning],
        [200, undefined],
      ]);
    });
  });

  test('a list comes in pages', async () => {
    await hosted(quiet(), async (here) => {
      for (const name of ['a', 'b', 'c']) await create(here, name);
      const seen: string[] = [];
      let token = '';
      do {
        const path = `${MAPS}?limit=1&continue=${token}`;
        const { body } = await here.client.ask({ path, token: ADMIN });
        const list = body as { metadata: { continue?: string }; items: readonly KubeObject[] };
        seen.push(...list.items.map(({ metadata }) => metadata.name));
        token = list.metadata.continue ?? '';
      } while (token !== '');
      expect(seen).toEqual(['a', 'b', 'c']);
    });
  });

  test('what is not served and not understood', async () => {
    await hosted(quiet(), async ({ client }) => {
      const ask = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
        const { status, body } = await client.ask({ path, token: ADMIN, headers });
        return [status, typeof body === 'string' ? body : (body as { reason?: string }).reason];
      };
      expect([
        await ask('/apis/nobody.example/v1/things'),
        await ask('/openapi/v3/apis/nobody.example/v1'),
        await ask(ROUTE, { Accept: 'application/vnd.kubernetes.protobuf' }),
        await ask('/livez/ping'),
      ]).toEqual([
        [404, '404 page not found\n'],
        [404, '404 page not found\n'],
        [406, 'NotAcceptable'],
        [200, 'ok'],
      ]);
    });
  });
});

describe('watches', () => {
  test('an object that comes into the selection is added, one that leaves it is deleted', async () => {
    await hosted(quiet(), async (here) => {
      const label = async (name: string, to: string | null) => {
        await here.client.ask({
          method: 'PATCH',
          path: `${MAPS}/${name}`,
          token: ADMIN,
          headers: { 'Content-Type': 'application/merge-patch+json' },
          body: JSON.stringify({ metadata: { labels: { side: to } } }),
        });
      };
      const list = await here.client.ask({ path: MAPS, token: ADMIN });
      const since = (list.body as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
      await create(here, 'a');
      await label('a', 'new');
      await label('a', 'newer');
      await label('a', 'new');
      await label('a', null);
      await here.client.ask({ method: 'DELETE', path: `${MAPS}/a`, token: ADMIN });
      const watch = `${MAPS}?watch=true&timeoutSeconds=1&resourceVersion=${since}`;
      expect({
        all: await events(here, watch),
        selected: await events(here, `${watch}&labelSelector=side%3Dnew`),
        elsewhere: await events(here, watch.replace('default', 'serving')),
        named: await events(here, `${watch}&fieldSelector=metadata.name%3Db`),
      }).toEqual({
        all: [
          ['ADDED', 'a'],
          ['MODIFIED', 'a'],
          ['MODIFIED', 'a'],
          ['MODIFIED', 'a'],
          ['MODIFIED', 'a'],
          ['DELETED', 'a'],
        ],
        selected: [
          ['ADDED', 'a'],
          ['DELETED', 'a'],
          ['ADDED', 'a'],
          ['DELETED', 'a'],
        ],
        elsewhere: [],
        named: [],
      });
    });
  });

  test('what is too old is expired; initial events end with a bookmark that says so', async () => {
    await hosted(quiet(), async (here) => {
      await create(here, 'a');
      const { body } = await here.client.ask({
        path: `${MAPS}?watch=true&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
        token: ADMIN,
      });
      const lines = String(body)
        .split('\n')
        .filter((line) => line !== '');
      const [added, bookmark] = lines.map((line): { type: string; object: KubeObject } => JSON.parse(line));
      expect({
        expired: await events(here, `${MAPS}?watch=true&resourceVersion=1&timeoutSeconds=60`),
        added: added?.type,
        bookmark: [bookmark?.type, bookmark?.object.metadata.annotations],
      }).toEqual({
        expired: [['ERROR', 'Expired']],
        added: 'ADDED',
        bookmark: ['BOOKMARK', { 'k8s.io/initial-events-end': 'true' }],
      });
    });
  });

  test('what happens while the watch is open is told, a controller’s writes as well', async () => {
    const world = quiet();
    await hosted(world, async (here) => {
      const since = world.kube(CLUSTER)?.revision ?? 0;
      const path = `/api/v1/namespaces/default/pods?watch=true&timeoutSeconds=90&resourceVersion=${since}`;
      const seen = events(here, path);
      await here.until('the watch is there', () => here.kubernetes.requests() === 1);
      const [killed] = podsOf(world, 'llm');
      world.act({ kind: 'serverKilled', target: { pool: 'llm', pods: 1 } });
      const told = await seen;
      expect([...new Set(told.map(([type, name]) => `${type} ${name}`))]).toEqual([
        `MODIFIED ${killed?.name}`,
      ]);
    });
  });

  test('as a table each event is a row, and the columns are named once', async () => {
    await hosted(quiet(), async ({ client }) => {
      const path = '/api/v1/namespaces/default/services?watch=true&timeoutSeconds=1';
      const headers = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
      const { body } = await client.ask({ path, token: ADMIN, headers });
      const lines = String(body).trim().split('\n');
      const tables = lines.map(
        (line): { object: { rows: { cells: unknown[] }[]; columnDefinitions: unknown[] | null } } =>
          JSON.parse(line),
      );
      const shape = tables.map(({ object }) => [
        object.columnDefinitions?.length ?? 0,
        object.rows[0]?.cells[0],
      ]);
      expect(shape).toEqual([
        [6, 'llm-epp'],
        [0, 'llm-new-epp'],
      ]);
    });
  });
});

describe('a control plane that is away', () => {
  test('takes requests and says nothing; afterwards they turn out to be dead', async () => {
    const world = quiet();
    await hosted(world, async ({ client, clock }) => {
      const before = clock.nowMs();
      world.act({ kind: 'apiUnreachable', cluster: CLUSTER, forMs: 30_000 });
      const ended = await client.ask({ path: ROUTE, token: ADMIN }).then(
        ({ status }) => String(status),
        (error: NodeJS.ErrnoException) => error.code,
      );
      expect(ended).toBe('ECONNRESET');
      expect(clock.nowMs() - before).toBeGreaterThanOrEqual(30_000);
      expect((await client.ask({ path: ROUTE, token: ADMIN })).status).toBe(200);
    });
  });
});

describe('closing', () => {
  test('ends watches and connections, and nobody listens any more', async () => {
    let address = '';
    let open: Promise<unknown> = Promise.resolve();
    await hosted(quiet(), async ({ client, kubernetes, until }) => {
      ({ address } = kubernetes);
      open = client
        .ask({ path: '/api/v1/pods?watch=true&resourceVersion=0', token: ADMIN })
        .catch(() => 'ended');
      await until('the watch is there', () => kubernetes.requests() === 1);
    });
    expect(await open).toBe('ended');
    const [host = '', port = ''] = address.split(':');
    const refused = await new Promise((resolve) => {
      connect(Number(port), host, () => resolve(null)).on('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code),
      );
    });
    expect(refused).toBe('ECONNREFUSED');
  });

  test('nothing keeps the process', async () => {
    const child = join(import.meta.dirname, 'closing-child.ts');
    const printed = await new Promise((resolve) => {
      execFile(process.execPath, [child], { timeout: 10_000 }, (error, stdout) =>
        resolve(`${stdout.trim()}${error === null ? '' : ` ${error.message}`}`),
      );
    });
    expect(printed).toBe('closed: a watch, a stream and a request that waits');
  });
});
