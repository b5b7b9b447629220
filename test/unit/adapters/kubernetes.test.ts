import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createKubernetes } from '../../../functions/adapters/kubernetes.ts';
import { type KubeObject, RESOURCES } from '../../../workflows/kubernetes.ts';
import type { KubernetesPort } from '../../../workflows/ports.ts';
import { aHandClock, type HandClock } from './a-hand-clock.ts';
import { type Answering, type ApiServer, accessTo, json, startApiServer } from './an-api-server.ts';

const cluster = 'projects/p/locations/l/clusters/c';
const routes = { cluster, resource: RESOURCES.httpRoute, namespace: 'serving' };
const route: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'llm' },
  spec: { hostnames: ['ü.example'] },
};
const status = (code: number, reason: string): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'words',
  reason,
  code,
});

let server: ApiServer;
let clock: HandClock;
let kubernetes: KubernetesPort;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());
beforeEach(() => {
  clock = aHandClock();
  kubernetes = createKubernetes({ access: accessTo(server, clock), clock });
});

const getFrom = (answering: Answering) => {
  server.answer(answering);
  return kubernetes.get({ ...routes, name: 'llm' });
};

const raw =
  (code: number, type: string, body: string | Buffer, headers: Record<string, string> = {}): Answering =>
  (_asked, response) => {
    response.writeHead(code, { 'Content-Type': type, ...headers }).end(body);
  };

describe('what is sent', () => {
  const base = '/apis/gateway.networking.k8s.io/v1/namespaces/serving/httproutes';
  const patch = [{ op: 'replace', path: '/spec/rules/0/backendRefs/0/weight', value: 90 }] as const;
  const deletion = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    preconditions: { uid: 'u-1' },
    propagationPolicy: 'Background',
  };
  const pods = { cluster, resource: RESOURCES.pod, namespace: null };

  test.each<[string, () => Promise<unknown>, readonly [string, string, string | undefined, unknown]]>([
    ['get', () => kubernetes.get({ ...routes, name: 'llm' }), ['GET', `${base}/llm`, undefined, null]],
    [
      'get of a cluster-scoped name with a colon',
      () =>
        kubernetes.get({ cluster, resource: RESOURCES.clusterRole, namespace: null, name: 'system:node' }),
      ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode', undefined, null],
    ],
    [
      'list in all namespaces, with a selector',
      () => kubernetes.list({ ...pods, labelSelector: 'a=b,c=d' }),
      ['GET', '/api/v1/pods?labelSelector=a%3Db%2Cc%3Dd&limit=500', undefined, null],
    ],
    [
      'create',
      () => kubernetes.create({ ...routes, object: route }),
      ['POST', `${base}?fieldManager=sluice&fieldValidation=Strict`, 'application/json', route],
    ],
    [
      'create as a dry run',
      () => kubernetes.create({ ...routes, object: route, dryRun: true }),
      ['POST', `${base}?fieldManager=sluice&fieldValidation=Strict&dryRun=All`, 'application/json', route],
    ],
    [
      'JSON Patch',
      () => kubernetes.jsonPatch({ ...routes, name: 'llm', patch }),
      ['PATCH', `${base}/llm?fieldManager=sluice`, 'application/json-patch+json', patch],
    ],
    [
      'JSON Patch as a dry run',
      () => kubernetes.jsonPatch({ ...routes, name: 'llm', patch, dryRun: true }),
      ['PATCH', `${base}/llm?fieldManager=sluice&dryRun=All`, 'application/json-patch+json', patch],
    ],
    [
      'delete',
      () => kubernetes.delete({ ...routes, name: 'llm', uid: 'u-1' }),
      ['DELETE', `${base}/llm`, 'application/json', deletion],
    ],
  ])('%s', async (_name, call, [method, url, type, body]) => {
    server.answer((_asked, response) => json(response, 200, { metadata: {}, items: [] }));
    await call();
    const last = server.asked.at(-1);
    expect({
      method: last?.method,
      url: last?.url,
      type: last?.headers['content-type'],
      authorization: last?.headers['authorization'],
      encoding: last?.headers['accept-encoding'],
      body: last?.body === '' ? null : JSON.parse(last?.body ?? ''),
    }).toEqual({ method, url, type, authorization: 'Bearer a-token', encoding: 'gzip', body });
  });

  test.each(['', '.', '..', 'a/b', 'a%2fb'])('nothing at all where "%s" stands for a name', async (name) => {
    const before = server.asked.length;
    const answers = await Promise.all([
      kubernetes.get({ ...routes, name }),
      kubernetes.jsonPatch({ ...routes, name, patch: [] }),
      kubernetes.delete({ ...routes, name, uid: 'u' }),
      kubernetes.list({ ...routes, namespace: name }),
      kubernetes.create({ ...routes, namespace: name, object: route }),
    ]);
    expect(answers.map((answer) => answer.kind === 'answer' && answer.status)).toEqual(Array(5).fill(400));
    expect(server.asked.length).toBe(before);
  });

  test('a hundred requests go over few connections, and each holds the clock while it runs', async () => {
    server.answer((_asked, response) => json(response, 200, route));
    const before = server.connections();
    for (let made = 0; made < 100; made += 1) await kubernetes.get({ ...routes, name: 'llm' });
    expect({ connections: server.connections() - before, holds: clock.holds(), held: clock.held() }).toEqual({
      connections: 1,
      holds: 100,
      held: 0,
    });
  });
});

describe('what comes back is a value', () => {
  const failure = (code: number, message: string): object => ({
    kind: 'answer',
    status: code,
    failure: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code },
  });

  test('an object', async () => {
    expect(await getFrom((_asked, response) => json(response, 200, route))).toEqual({
      kind: 'answer',
      status: 200,
      object: route,
    });
  });

  test('an object that came compressed', async () => {
    const answering = raw(200, 'application/json', gzipSync(JSON.stringify(route)), {
      'Content-Encoding': 'gzip',
    });
    expect(await getFrom(answering)).toEqual({ kind: 'answer', status: 200, object: route });
  });

  test('an object whose end is that of the connection', async () => {
    const answering: Answering = ({ headers }, { socket }) =>
      socket?.end(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${JSON.stringify({ ...route, host: headers['host'] !== undefined })}`,
      );
    expect(await getFrom(answering)).toEqual({
      kind: 'answer',
      status: 200,
      object: { ...route, host: true },
    });
  });

  test('a Status, with those of its parts that can be read', async () => {
    const causes = [{ reason: 'FieldValueInvalid', message: 'm', field: 'spec' }, 7, { field: 3 }];
    const details = { name: 'llm', group: 5, kind: 'httproutes', causes, retryAfterSeconds: 2 };
    const answering: Answering = (_asked, response) =>
      json(response, 422, { ...status(422, 'Invalid'), details });
    expect(await getFrom(answering)).toEqual({
      kind: 'answer',
      status: 422,
      failure: {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        message: 'words',
        reason: 'Invalid',
        details: { name: 'llm', kind: 'httproutes', causes: [causes[0], {}, {}], retryAfterSeconds: 2 },
        code: 422,
      },
    });
  });

  test.each<[string, number, string, string]>([
    ['plain text of a missing group', 404, '404 page not found\n', '404 page not found'],
    [
      "a load balancer's page",
      502,
      '<html>\n<title>502\n\tBad Gateway</title>',
      '<html> <title>502 Bad Gateway</title>',
    ],
    ['nothing', 503, '', ''],
    ['JSON that is no Status', 500, '{"error":"x"}', '{"error":"x"}'],
    ['a long page, cut', 500, 'x'.repeat(10_000), 'x'.repeat(300)],
    ['a redirection, not followed', 302, 'moved', 'moved'],
    ['too many requests, as text', 429, 'Too many requests.', 'Too many requests.'],
  ])('%s', async (_name, code, body, message) => {
    expect(await getFrom(raw(code, 'text/html', body, { Location: '/elsewhere' }))).toEqual(
      failure(code, message),
    );
  });
});

describe('nobody knows what came of it', () => {
  const seventyMegabytes = gzipSync(Buffer.alloc(70 * 2 ** 20));

  test.each<[string, Answering, RegExp]>([
    ['no JSON', raw(200, 'application/json', '{"metadata":'), /^200 with a body that cannot be read/],
    ['a page', raw(200, 'text/html', '<html>log in</html>'), /<html>log in/],
    ['a list of things', raw(200, 'application/json', '[]'), /cannot be read/],
    ['null', raw(201, 'application/json', 'null'), /cannot be read/],
    ['nothing', raw(204, 'application/json', ''), /cannot be read/],
    [
      'an encoding that was not asked for',
      raw(200, 'application/json', 'x', { 'Content-Encoding': 'br' }),
      /encoded as br/,
    ],
    [
      'a damaged compression',
      raw(200, 'application/json', 'damaged beyond recognition', { 'Content-Encoding': 'gzip' }),
      /incorrect header/,
    ],
    [
      'a small answer that unpacks to a huge one',
      raw(200, 'application/json', seventyMegabytes, { 'Content-Encoding': 'gzip' }),
      /Cannot create a Buffer larger than/,
    ],
    [
      'a body that ends early',
      (_asked, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '9' });
        response.write('{}', () => response.socket?.end());
      },
      /aborted|broke off/,
    ],
    [
      'a connection that breaks in the middle of the body',
      (_asked, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.write('{', () => response.destroy());
      },
      /aborted|broke off/,
    ],
    [
      'a connection that breaks before the answer',
      (_asked, response) => void response.destroy(),
      /socket hang up/,
    ],
  ])('%s', async (_name, answering, why) => {
    const answer = await getFrom(answering);
    expect(answer).toEqual({ kind: 'noAnswer', why: expect.stringMatching(why) });
    expect(clock.held()).toBe(0);
  });

  test('a server that says nothing for ten seconds; the connection is torn down', async () => {
    let isTornDown: Promise<unknown> = Promise.resolve();
    const answer = await getFrom((_asked, response) => {
      isTornDown = once(response, 'close');
      clock.pass(9_999);
      clock.pass(1);
    });
    expect(answer).toEqual({ kind: 'noAnswer', why: 'no answer within 10000 ms' });
    await isTornDown;
    expect(clock.held()).toBe(0);
  });

  test('a body that drips longer than ten seconds', async () => {
    const answer = await getFrom((_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{"metadata":', () => clock.pass(10_000));
    });
    expect(answer).toEqual({ kind: 'noAnswer', why: 'no answer within 10000 ms' });
  });

  test('a body without end', async () => {
    const chunk = Buffer.alloc(2 ** 20, ' ');
    const answer = await getFrom((_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const more = (): void => void (response.destroyed || response.write(chunk, more));
      more();
    });
    expect(answer).toEqual({ kind: 'noAnswer', why: `the answer is longer than ${64 * 2 ** 20} bytes` });
  });
});
