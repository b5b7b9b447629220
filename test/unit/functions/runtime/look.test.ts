import { describe, expect, test } from 'vitest';
import { type LookCall, takeLook } from '../../../../functions/runtime/look.ts';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import type { SidePlan } from '../../../../workflows/plans/plan.ts';
import type {
  KubeAnswer,
  KubeList,
  NoAnswer,
  PodTarget,
  Ports,
  ScrapeResult,
} from '../../../../workflows/ports.ts';
import { LOOK_FAMILIES } from '../../../../workflows/steps/pod-metrics.ts';

const side = (name: string, metricsPort: number | null = 9090): SidePlan => ({
  pool: name,
  poolUid: null,
  selector: { app: name },
  port: 8000,
  picker: { service: `${name}-epp`, selector: { app: `${name}-epp` }, metricsPort },
  replicas: 3,
});

const CALL: LookCall = {
  cluster: 'projects/p/locations/l/clusters/c',
  namespace: 'serving',
  old: side('llm'),
  new: side('llm-new'),
  families: LOOK_FAMILIES,
  atMs: 1_800_000_000_000,
};

interface PodGiven {
  readonly ready?: string;
  readonly phase?: string;
  readonly deleted?: boolean;
  readonly restarts?: readonly number[];
  readonly labels?: Readonly<Record<string, string>>;
}

const kubePod = (name: string, app: string, given: PodGiven = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'serving',
    uid: `uid-${name}`,
    labels: { app, ...given.labels },
    ...(given.deleted === true ? { deletionTimestamp: '2026-11-22T10:00:00Z' } : {}),
  },
  spec: {
    containers: [
      { name: 'sidecar', ports: [{ containerPort: 7000 }] },
      { name: 'server', ports: [{ containerPort: 8000 }] },
    ],
  },
  status: {
    phase: given.phase ?? 'Running',
    conditions: [
      { type: 'PodScheduled', status: 'True' },
      { type: 'Ready', status: given.ready ?? 'True' },
    ],
    containerStatuses: (given.restarts ?? [0, 0]).map((restartCount, index) => ({
      name: index === 0 && (given.restarts?.length ?? 2) > 1 ? 'sidecar' : 'server',
      restartCount,
    })),
  },
});

const answered = (status: number, running?: number): ScrapeResult => ({
  kind: 'answered',
  status,
  samples: running === undefined ? [] : [{ name: 'vllm:num_requests_running', labels: {}, value: running }],
});

interface Calls {
  readonly lists: unknown[];
  readonly scrapes: unknown[];
}

/** Ports that answer what they are told; nothing of ours. */
const ports = (
  list: KubeAnswer<KubeList> | NoAnswer,
  answers: Readonly<Record<string, ScrapeResult>> = {},
): Pick<Ports, 'kubernetes' | 'models'> & { readonly calls: Calls } => {
  const calls: Calls = { lists: [], scrapes: [] };
  const none = (): never => {
    throw new Error('not asked for');
  };
  return {
    calls,
    kubernetes: {
      discover: none,
      get: none,
      create: none,
      jsonPatch: none,
      delete: none,
      list: (call) => {
        calls.lists.push(call);
        return Promise.resolve(list);
      },
    },
    models: {
      ask: none,
      scrape: (call) => {
        calls.scrapes.push(call);
        return Promise.resolve(
          call.targets.map(
            (target: PodTarget): ScrapeResult =>
              answers[target.pod] ?? { kind: 'unanswered', why: 'refused' },
          ),
        );
      },
    },
  };
};

const listOf = (...items: readonly KubeObject[]): KubeAnswer<KubeList> => ({
  kind: 'answer',
  status: 200,
  object: { resourceVersion: '1', items },
});

const counters = (running: number) => ({
  requests: 0,
  failures5xx: 0,
  failures4xx: 0,
  streamErrors: 0,
  running,
  waiting: 0,
  ttft: null,
});

const well = { ready: true, terminating: false, restarts: 0, answered: true };

describe('a look', () => {
  test('is one list and one scrape of both sides and their pickers', async () => {
    const told = ports(
      listOf(
        kubePod('a', 'llm', { restarts: [9, 2] }),
        kubePod('b', 'llm-new'),
        kubePod('stranger', 'blog'),
        kubePod('e', 'llm-epp'),
        kubePod('f', 'llm-new-epp', { ready: 'False' }),
        kubePod('bare', 'llm-new', { labels: { app: 'nobody' } }),
      ),
      {
        a: answered(200, 3),
        b: answered(200, 4),
        e: answered(401),
        f: { kind: 'unanswered', why: 'refused' },
      },
    );
    expect(await takeLook(told, CALL)).toEqual({
      unreachable: false,
      look: {
        atMs: CALL.atMs,
        pods: [
          // The sidecar's nine restarts took no request along.
          { uid: 'uid-a', name: 'a', side: 'old', ...well, restarts: 2, counters: counters(3) },
          { uid: 'uid-b', name: 'b', side: 'new', ...well, counters: counters(4) },
        ],
        pickers: [
          { uid: 'uid-e', name: 'e', side: 'old', ready: true, answered: true },
          { uid: 'uid-f', name: 'f', side: 'new', ready: false, answered: false },
        ],
      },
    });
    expect(told.calls).toEqual({
      lists: [
        {
          cluster: CALL.cluster,
          namespace: 'serving',
          resource: { group: '', version: 'v1', plural: 'pods', kind: 'Pod' },
          recent: true,
        },
      ],
      scrapes: [
        {
          cluster: CALL.cluster,
          namespace: 'serving',
          targets: [
            { pod: 'a', port: 8000 },
            { pod: 'b', port: 8000 },
            { pod: 'e', port: 9090 },
            { pod: 'f', port: 9090 },
          ],
          families: LOOK_FAMILIES,
          timeoutMs: 3000,
        },
      ],
    });
  });

  test('sees pods as they are', async () => {
    const told = ports(
      listOf(
        kubePod('silent', 'llm-new'),
        kubePod('failing', 'llm-new'),
        kubePod('other', 'llm-new'),
        kubePod('loading', 'llm-new', { ready: 'False' }),
        kubePod('pending', 'llm-new', { ready: 'False', phase: 'Pending' }),
        kubePod('leaving', 'llm-new', { deleted: true }),
        kubePod('evicted', 'llm-new', { ready: 'False', phase: 'Failed' }),
        kubePod('done', 'llm-new', { ready: 'False', phase: 'Succeeded' }),
        kubePod('single', 'llm-new', { restarts: [4] }),
      ),
      {
        failing: answered(500),
        other: answered(200),
        loading: answered(200, 0),
        leaving: answered(200, 1),
        single: answered(200, 0),
      },
    );
    const { look } = await takeLook(told, CALL);
    const pod = (name: string, given: object) => ({
      uid: `uid-${name}`,
      name,
      side: 'new',
      ...well,
      ...given,
    });
    expect(look.pods).toEqual([
      pod('silent', { answered: false, counters: null }),
      pod('failing', { counters: null }),
      pod('other', { counters: null }),
      pod('loading', { ready: false, counters: counters(0) }),
      pod('pending', { ready: false, answered: false, counters: null }),
      pod('leaving', { ready: false, terminating: true, counters: counters(1) }),
      pod('single', { restarts: 4, counters: counters(0) }),
    ]);
  });

  test('lets readiness stand in for a picker that cannot be asked, and needs no picker', async () => {
    const told = ports(listOf(kubePod('e', 'llm-epp'), kubePod('f', 'llm-new-epp')));
    const { look } = await takeLook(told, {
      ...CALL,
      old: { ...side('llm'), picker: null },
      new: side('llm-new', null),
    });
    expect(look).toEqual({
      atMs: CALL.atMs,
      pods: [],
      pickers: [{ uid: 'uid-f', name: 'f', side: 'new', ready: true, answered: null }],
    });
    expect(told.calls.scrapes).toEqual([]);
  });

  test('an empty selector selects nothing', async () => {
    const told = ports(listOf(kubePod('stranger', 'blog')));
    const { look } = await takeLook(told, { ...CALL, new: { ...side('llm-new'), selector: {} } });
    expect([look.pods, look.pickers]).toEqual([[], []]);
  });

  test.each<[string, KubeAnswer<KubeList> | NoAnswer]>([
    ['no answer', { kind: 'noAnswer', why: 'time-out' }],
    [
      'a refusal',
      {
        kind: 'answer',
        status: 403,
        failure: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 403 },
      },
    ],
  ])('without a list (%s) nothing is seen and nobody is asked', async (_name, list) => {
    const told = ports(list);
    expect(await takeLook(told, CALL)).toEqual({
      unreachable: true,
      look: { atMs: CALL.atMs, pods: [], pickers: [] },
    });
    expect(told.calls.scrapes).toEqual([]);
  });
});
