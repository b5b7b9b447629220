import { describe, expect, test } from 'vitest';
import { type AnswerFaults, NO_ANSWER_FAULTS } from '../../../../simulator/world/answer-faults.ts';
import type { WorldHandlers } from '../../../../simulator/world/handlers.ts';
import { createRandom } from '../../../../simulator/world/random.ts';
import { CONFIG_MAP, HTTP_ROUTE } from '../../../../simulator/world/resources.ts';
import { type FaultyHandlers, withAnswerFaults } from '../../../../simulator/world/with-answer-faults.ts';
import type { World } from '../../../../simulator/world/world.ts';
import type { KubeResource } from '../../../../workflows/kubernetes.ts';
import { aWorld, CLUSTER, FAMILIES, MINUTE, pass, podsOf, readRoute, SECOND } from './a-world.ts';

const ROUTE = { cluster: CLUSTER, resource: HTTP_ROUTE, namespace: 'default', name: 'routes-to-llm' };
const MARK = [{ op: 'add', path: '/metadata/labels', value: { touched: 'yes' } }] as const;
const REVIEWS: KubeResource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
};

function faulty(faults: Partial<AnswerFaults>, seed = 1): { world: World; handlers: FaultyHandlers } {
  const world = aWorld({ llm: 50, 'llm-new': 50 });
  const handlers = withAnswerFaults(world.handlers(), {
    faults: { ...NO_ANSWER_FAULTS, ...faults },
    random: createRandom(seed, 'answers'),
    world,
  });
  return { world, handlers };
}

const scrapeOf = (world: World, handlers: WorldHandlers, families: readonly string[] = FAMILIES) =>
  handlers.models.scrape({
    cluster: CLUSTER,
    namespace: 'default',
    targets: podsOf(world, 'llm').map(({ name }) => ({ pod: name, port: 8000 })),
    families,
    timeoutMs: 3000,
  });

/** Requests that each pod says it has served; null where it says nothing. */
function requests(world: World, handlers: WorldHandlers): readonly (number | null)[] {
  return scrapeOf(world, handlers).value.map((result) => {
    if (result.kind !== 'answered') return null;
    const lines = result.samples.filter(({ name }) => name === 'http_requests_total');
    return lines.reduce((sum, { value }) => sum + value, 0);
  });
}

const reasonOf = (value: { readonly kind: string; readonly failure?: { readonly reason?: string } }) =>
  value.failure?.reason ?? value.kind;

const versionOf = (world: World): string | undefined => readRoute(world).metadata.resourceVersion;

describe('API servers', () => {
  test('refuse with 429, or fail with 500 and 503, whatever is asked, and apply nothing', () => {
    const heard = new Set<string>();
    for (const kind of ['tooMany', 'serverError'] as const) {
      const { world, handlers } = faulty({ [kind]: 1 });
      const before = world.kube(CLUSTER)?.revision;
      const { kubernetes } = handlers;
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } };
      const map = { cluster: CLUSTER, resource: CONFIG_MAP, namespace: 'default' };
      for (let time = 0; time < 5; time++) {
        for (const { value } of [
          kubernetes.discover({ cluster: CLUSTER }),
          kubernetes.get(ROUTE),
          kubernetes.list(map),
          kubernetes.create({ ...map, object }),
          kubernetes.jsonPatch({ ...ROUTE, patch: MARK }),
          kubernetes.delete({ ...ROUTE, uid: readRoute(world).metadata.uid ?? '' }),
        ]) {
          if (value.kind === 'answer') heard.add(`${kind}: ${value.status} ${value.failure?.reason}`);
        }
      }
      expect([world.kube(CLUSTER)?.revision, handlers.counts[kind]]).toEqual([before, 30]);
    }
    expect([...heard].toSorted()).toEqual([
      'serverError: 500 InternalError',
      'serverError: 503 ServiceUnavailable',
      'tooMany: 429 TooManyRequests',
    ]);
  });

  test('say 504 to a write that they did', () => {
    const { world, handlers } = faulty({ errorAfterWrite: 1 });
    const { value } = handlers.kubernetes.jsonPatch({ ...ROUTE, patch: MARK });
    expect(value).toMatchObject({ kind: 'answer', status: 504, failure: { reason: 'Timeout' } });
    expect(readRoute(world).metadata.labels).toEqual({ touched: 'yes' });
    expect(handlers.counts).toEqual({ ...NO_ANSWER_FAULTS, errorAfterWrite: 1 });
  });

  test('say 504 neither to reads, dry runs, reviews, nor to what they refused', () => {
    const { handlers } = faulty({ errorAfterWrite: 1 });
    const { kubernetes } = handlers;
    const attributes = { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } };
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: REVIEWS.kind,
      metadata: { name: '' },
      spec: attributes,
    };
    const statuses = [
      kubernetes.get(ROUTE).value,
      kubernetes.jsonPatch({ ...ROUTE, patch: MARK, dryRun: true }).value,
      kubernetes.create({ cluster: CLUSTER, resource: REVIEWS, namespace: null, object: review }).value,
      kubernetes.delete({ ...ROUTE, uid: 'another' }).value,
    ].map((value) => (value.kind === 'answer' ? value.status : value.kind));
    expect([statuses, handlers.counts]).toEqual([[200, 200, 201, 409], NO_ANSWER_FAULTS]);
  });

  test('answer a patch with 409, because somebody was faster; creations and deletions meet no such thing', () => {
    const { world, handlers } = faulty({ conflict: 1 });
    pass(world, MINUTE);
    const before = readRoute(world);
    const { kubernetes } = handlers;
    const patched = kubernetes.jsonPatch({ ...ROUTE, patch: MARK }).value;
    const tried = kubernetes.jsonPatch({ ...ROUTE, patch: MARK, dryRun: true }).value;
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } };
    const map = { cluster: CLUSTER, resource: CONFIG_MAP, namespace: 'default' };
    const created = kubernetes.create({ ...map, object }).value;
    const uid = (created.kind === 'answer' && created.object?.metadata.uid) || '';
    const deleted = kubernetes.delete({ ...map, name: 'one', uid }).value;
    const heard = [patched, tried, created, deleted].map(reasonOf);
    expect(heard).toEqual(['Conflict', 'Conflict', 'answer', 'answer']);
    const after = readRoute(world);
    expect([after.metadata.labels, after['spec']]).toEqual([before.metadata.labels, before['spec']]);
    expect(after.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
    expect(handlers.counts.conflict).toBe(2);
  });

  test('a status writer moves resourceVersion just before a patch, and nothing that matters', () => {
    const { world, handlers } = faulty({ statusBump: 1 });
    pass(world, MINUTE);
    const before = readRoute(world);
    const at = (resourceVersion: string | undefined) => [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion } as const,
      ...MARK,
    ];
    const refused = handlers.kubernetes.jsonPatch({ ...ROUTE, patch: at(versionOf(world)) }).value;
    expect(refused).toMatchObject({ kind: 'answer', status: 422, failure: { details: {} } });
    const after = readRoute(world);
    expect({ ...after.metadata, resourceVersion: '' }).toEqual({ ...before.metadata, resourceVersion: '' });
    expect(after['spec']).toEqual(before['spec']);
    const words = (status: unknown): string =>
      JSON.stringify(status).replaceAll(/"lastTransitionTime":"[^"]*"/g, '""');
    expect(words(after['status'])).toBe(words(before['status']));
    // In the same second there is nothing new to say.
    const taken = handlers.kubernetes.jsonPatch({ ...ROUTE, patch: at(versionOf(world)) }).value;
    expect([taken.kind === 'answer' && taken.status, handlers.counts.statusBump]).toEqual([200, 1]);
  });

  test('that are away say nothing instead of something wrong', () => {
    const { world, handlers } = faulty({ tooMany: 1 });
    world.act({ kind: 'apiUnreachable', forMs: MINUTE });
    expect(handlers.kubernetes.get(ROUTE).value.kind).toBe('noAnswer');
    expect(handlers.counts).toEqual(NO_ANSWER_FAULTS);
  });
});

test('the GKE API is unavailable, broken or out of quota, and starts nothing', () => {
  const { world, handlers } = faulty({ gkeError: 1 });
  const codes = new Set<string>();
  const nodePool = {
    name: 'more',
    initialNodeCount: 1,
    locations: [],
    config: { machineType: 'g2-standard-96' },
  };
  for (let time = 0; time < 10; time++) {
    const { gke } = handlers;
    const one = { cluster: CLUSTER, nodePool: 'default-gpu' };
    for (const { value } of [
      gke.getNodePool(one),
      gke.listNodePools(one),
      gke.createNodePool({ cluster: CLUSTER, nodePool }),
      gke.deleteNodePool(one),
      gke.getOperation({ cluster: CLUSTER, operation: 'operation-1' }),
      gke.listOperations(one),
    ]) {
      codes.add(value.kind === 'error' ? value.code : value.kind);
    }
  }
  expect([...codes].toSorted()).toEqual(['INTERNAL', 'RESOURCE_EXHAUSTED', 'UNAVAILABLE']);
  expect(handlers.counts.gkeError).toBe(60);
  expect(world.handlers().gke.listOperations({ cluster: CLUSTER }).value).toEqual({ kind: 'ok', value: [] });
});

test('Cloud Monitoring says nothing, and takes no heartbeat', () => {
  const { world, handlers } = faulty({ monitoringSilent: 1 });
  const { monitoring } = handlers;
  const silent = { value: { kind: 'noAnswer', why: 'DEADLINE_EXCEEDED' }, tookMs: 10_000 };
  expect(monitoring.openIncidents({ project: 'projects/acme', policies: [] })).toEqual(silent);
  expect(monitoring.heartbeat({ project: 'projects/acme', rolloutId: 'r', atMs: world.nowMs })).toEqual(
    silent,
  );
  pass(world, 10 * MINUTE);
  expect([world.truth().alarms, handlers.counts.monitoringSilent]).toEqual([[], 2]);
});

describe('model servers', () => {
  test('serve and give no figures; the call takes its whole time-out', () => {
    const { world, handlers } = faulty({ scrapeMissing: 1 });
    const { value, tookMs } = scrapeOf(world, handlers);
    expect(value).toEqual(
      podsOf(world, 'llm').map(() => ({ kind: 'unanswered', why: 'no answer within 3000 ms' })),
    );
    expect([tookMs, handlers.counts.scrapeMissing]).toEqual([3000, 3]);
  });

  test('show what they showed before, to whoever asks for whatever part of it', () => {
    const { world, handlers } = faulty({ scrapeStale: 1 });
    pass(world, MINUTE);
    const first = requests(world, handlers);
    pass(world, MINUTE);
    expect(requests(world, handlers)).toEqual(first);
    const page = scrapeOf(world, handlers, ['vllm:time_to_first_token_seconds']).value[0];
    const names = page?.kind === 'answered' ? new Set(page.samples.map(({ name }) => name)) : null;
    expect([...(names ?? [])]).toEqual(
      ['bucket', 'count', 'sum'].map((part) => `vllm:time_to_first_token_seconds_${part}`),
    );
    expect(handlers.counts.scrapeStale).toBe(6);
    handlers.set(NO_ANSWER_FAULTS);
    const [now, then] = [requests(world, handlers), first];
    expect(now.every((count, index) => (count ?? 0) > (then[index] ?? 0))).toBe(true);
  });

  test('never show the figures of a process that is no more', () => {
    const { world, handlers } = faulty({ scrapeStale: 1 });
    pass(world, MINUTE);
    requests(world, handlers);
    world.act({ kind: 'serverKilled', target: { pool: 'llm' } });
    pass(world, 15 * MINUTE);
    const shown = requests(world, handlers);
    expect(handlers.counts.scrapeStale).toBe(0);
    expect(shown).toEqual(requests(world, world.handlers()));
  });

  test('show every line twice', () => {
    const { world, handlers } = faulty({ scrapeDoubled: 1 });
    pass(world, MINUTE);
    const plain = scrapeOf(world, world.handlers()).value;
    const twice = plain.map((result) =>
      result.kind === 'answered'
        ? { ...result, samples: result.samples.flatMap((line) => [line, line]) }
        : result,
    );
    expect(scrapeOf(world, handlers).value).toEqual(twice);
    expect(handlers.counts.scrapeDoubled).toBe(3);
  });

  test('begin to count at 0 again, without a restart', () => {
    const { world, handlers } = faulty({ counterReset: 1 });
    pass(world, 10 * MINUTE);
    const before = requests(world, world.handlers());
    const restarts = podsOf(world, 'llm').map((pod) => pod.restarts);
    expect(requests(world, handlers)).toEqual([0, 0, 0]);
    handlers.set(null);
    pass(world, MINUTE);
    const after = requests(world, handlers);
    expect(after.every((count, index) => (count ?? 0) > 0 && (count ?? 0) < (before[index] ?? 0))).toBe(true);
    expect(podsOf(world, 'llm').map((pod) => pod.restarts)).toEqual(restarts);
    expect(handlers.counts).toEqual({ ...NO_ANSWER_FAULTS, counterReset: 3 });
  });
});

/** Some of everything; what came back, and where the world's own draws are afterwards. */
function session(faults: Partial<AnswerFaults> | null, seed = 1): string {
  const world = aWorld({ llm: 50, 'llm-new': 50 });
  const handlers = withAnswerFaults(world.handlers(), {
    faults: faults === null ? null : { ...NO_ANSWER_FAULTS, ...faults },
    random: createRandom(seed, 'answers'),
    world,
  });
  const heard: unknown[] = [];
  for (let time = 0; time < 20; time++) {
    heard.push(
      handlers.kubernetes.get(ROUTE),
      handlers.kubernetes.jsonPatch({ ...ROUTE, patch: MARK }),
      handlers.gke.listNodePools({ cluster: CLUSTER }),
      handlers.monitoring.openIncidents({ project: 'projects/acme', policies: [] }),
      scrapeOf(world, handlers),
    );
    pass(world, 7 * SECOND);
  }
  return JSON.stringify(heard);
}

const EVERYTHING = Object.fromEntries(
  Object.keys(NO_ANSWER_FAULTS).map((kind) => [kind, 0.2]),
) as unknown as AnswerFaults;

test('the seed alone decides what goes wrong', () => {
  expect(session(EVERYTHING)).toBe(session(EVERYTHING));
  expect(session(EVERYTHING)).not.toBe(session(EVERYTHING, 2));
});

test('without rates everything is as it is without the wrapper, and nothing is drawn', () => {
  expect(session({})).toBe(session(null));
  const random = {
    ...createRandom(1, 'answers'),
    uniform: (): number => {
      throw new Error('drawn');
    },
  };
  const world = aWorld({ llm: 50, 'llm-new': 50 });
  const handlers = withAnswerFaults(world.handlers(), { faults: NO_ANSWER_FAULTS, random, world });
  expect(scrapeOf(world, handlers).value).toHaveLength(3);
  expect(handlers.kubernetes.get(ROUTE).value.kind).toBe('answer');
});

test('an onlooker hears of each fault', () => {
  const world = aWorld({ llm: 100 });
  const heard: string[] = [];
  const handlers = withAnswerFaults(world.handlers(), {
    faults: { ...NO_ANSWER_FAULTS, tooMany: 1, monitoringSilent: 1 },
    random: createRandom(1, 'answers'),
    world,
    onFault: (kind, whom) => heard.push(`${kind} ${whom}`),
  });
  handlers.kubernetes.get(ROUTE);
  handlers.monitoring.openIncidents({ project: 'projects/acme', policies: [] });
  expect(heard).toEqual([`tooMany ${CLUSTER}`, 'monitoringSilent projects/acme']);
});
