/**
 * The adapter before a server that answers what real API servers answered: what is asked is what was asked then, and
 * what comes back is what was said, also behind the check that the shell puts before its ports.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKubernetes } from '../../../functions/adapters/kubernetes.ts';
import { soundPorts } from '../../../functions/runtime/sound-ports.ts';
import type { JsonPatch, KubeObject } from '../../../workflows/kubernetes.ts';
import type { KubeAnswer, KubeCall, KubernetesPort, NoAnswer, Ports } from '../../../workflows/ports.ts';
import { type RecordedExchange, recordedExchanges } from '../../helpers/recorded-exchange.ts';
import { sharedPath } from '../../helpers/shared.ts';
import { aHandClock } from './a-hand-clock.ts';
import { type ApiServer, accessTo, startApiServer } from './an-api-server.ts';

type Dict = Readonly<Record<string, unknown>>;
type Answer = KubeAnswer<unknown> | NoAnswer;

const cluster = 'projects/p/locations/l/clusters/c';

let server: ApiServer;
let kubernetes: KubernetesPort;
let sound: KubernetesPort;

beforeAll(async () => {
  server = await startApiServer();
  const clock = aHandClock();
  kubernetes = createKubernetes({ access: accessTo(server, clock), clock });
  sound = soundPorts({ kubernetes } as Ports).kubernetes;
});
afterAll(() => server.close());

const RESOURCE =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?$/;

const dict = (value: unknown): Dict => (typeof value === 'object' && value !== null ? (value as Dict) : {});

const uidOf = (deletion: Dict): string => {
  const { uid } = dict(deletion['preconditions']);
  return typeof uid === 'string' ? uid : 'some-uid';
};

/** The call of the port that makes the recorded request; null where the port has none. */
const callOf = ({ request }: RecordedExchange): ((port: KubernetesPort) => Promise<Answer>) | null => {
  const [path = '', query = ''] = request.path.split('?');
  const parts = RESOURCE.exec(path)?.groups;
  const { group = '', version = '', namespace = null, plural = '', name } = parts ?? {};
  if (parts === undefined || query.includes('watch=')) return null;
  const body = dict(request.body);
  const kind = typeof body['kind'] === 'string' ? body['kind'] : 'Anything';
  const call: KubeCall = { cluster, resource: { group, version, plural, kind }, namespace };
  const dryRun = query.includes('dryRun=All');
  switch (request.method) {
    case 'GET':
      return (port) => (name === undefined ? port.list(call) : port.get({ ...call, name }));
    case 'POST':
      return name !== undefined || request.body === undefined
        ? null
        : (port) => port.create({ ...call, object: request.body as KubeObject, dryRun });
    case 'PATCH':
      return name === undefined || request.contentType !== 'application/json-patch+json'
        ? null
        : (port) => port.jsonPatch({ ...call, name, patch: request.body as JsonPatch, dryRun });
    case 'DELETE':
      return name === undefined ? null : (port) => port.delete({ ...call, name, uid: uidOf(body) });
    default:
      return null;
  }
};

/** A list of which the recorder kept the names only. */
const isCutList = ({ name, response }: RecordedExchange): boolean =>
  name.startsWith('route.list') && response.status < 300 && dict(response.body)['items'] === undefined;

/** What the port's answer to the recorded response is. */
const expectedOf = ({ request, response }: RecordedExchange): unknown => {
  const { status, body } = response;
  if (status < 300) {
    const { metadata, items } = dict(body);
    if (request.method !== 'GET' || items === undefined) return { kind: 'answer', status, object: body };
    return { kind: 'answer', status, object: { resourceVersion: dict(metadata)['resourceVersion'], items } };
  }
  const { metadata: _metadata, ...failure } = dict(body);
  return typeof body === 'string'
    ? {
        kind: 'answer',
        status,
        failure: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: body.trim(), code: status },
      }
    : { kind: 'answer', status, failure };
};

/** Status, reason and causes: what decisions are made on. */
const judged = (answer: Answer): unknown =>
  answer.kind === 'noAnswer'
    ? answer
    : [answer.status, answer.failure?.reason, answer.failure?.details?.causes?.map(({ field }) => field)];

describe.each(['1.35.4', '1.32.13'])('recorded answers of kube-apiserver %s', (version) => {
  const path = sharedPath('recorded', `kube-apiserver-${version}.jsonl`);

  test.runIf(path !== null)('come back as they were said', async () => {
    const counts: Record<string, number> = {};
    const cut: string[] = [];
    for (const exchange of recordedExchanges(path ?? '')) {
      const { name, request, response } = exchange;
      const call = callOf(exchange);
      if (call === null || isCutList(exchange)) continue;
      const text = typeof response.body === 'string' ? response.body : JSON.stringify(response.body);
      // The pages that follow were not recorded.
      const page = text.replace(/"continue":"[^"]*"/, '"continue":""');
      server.answer((_asked, reply) => void reply.writeHead(response.status, response.headers).end(page));
      const answer = await call(kubernetes);
      expect({ name, answer }).toEqual({ name, answer: expectedOf(exchange) });
      const asked = server.asked.at(-1);
      expect({
        name,
        method: asked?.method,
        path: asked?.url.split('?')[0],
        type: asked?.headers['content-type'],
        body: asked?.method === 'DELETE' ? undefined : asked?.body && JSON.parse(asked.body),
      }).toEqual({
        name,
        method: request.method,
        path: request.path.split('?')[0],
        type: request.method === 'GET' ? undefined : (request.contentType ?? 'application/json'),
        body: request.method === 'DELETE' ? undefined : (request.body ?? ''),
      });
      counts[request.method] = (counts[request.method] ?? 0) + 1;
      // Reviews were sent without metadata, which no object of ours is.
      if (request.method === 'POST' && dict(request.body)['metadata'] === undefined) continue;
      const checked = await call(sound);
      const isCut = checked.kind === 'noAnswer';
      if (isCut) cut.push(name);
      expect({ name, judged: judged(isCut ? answer : checked) }).toEqual({ name, judged: judged(answer) });
    }
    console.log(`kube-apiserver ${version}:`, counts, `cut by the recorder: ${cut.join(', ')}`);
    expect(counts).toEqual({ POST: 48, GET: 9, PATCH: 24, DELETE: 7 });
    expect(cut.length).toBe(11);
  });
});
