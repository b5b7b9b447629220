/** Loading, verifying, looking and unloading against simulated servers, syncers and an API server that keeps its rules. */
import { describe, expect, test } from 'vitest';
import { awaitNewSide } from '../../../../../functions/runtime/hands/await-new-side.ts';
import { createObjects } from '../../../../../functions/runtime/hands/create-objects.ts';
import { deleteObjects } from '../../../../../functions/runtime/hands/delete-objects.ts';
import type { HandResult } from '../../../../../functions/runtime/hands/hand.ts';
import { verifyPods } from '../../../../../functions/runtime/hands/verify-pods.ts';
import { takeLook } from '../../../../../functions/runtime/look.ts';
import { createDirectPorts } from '../../../../../simulator/ports/direct-ports.ts';
import { CONFIG_MAP } from '../../../../../simulator/world/resources.ts';
import { createWorldStore } from '../../../../../simulator/world/store.ts';
import { createWorld, type World } from '../../../../../simulator/world/world.ts';
import type { AdapterPlan, Plan } from '../../../../../workflows/plans/plan.ts';
import type { Ports } from '../../../../../workflows/ports.ts';
import type { Effect } from '../../../../../workflows/rollout/effects.ts';
import type { RolloutDocument } from '../../../../../workflows/rollout/stored.ts';
import { absorb, emptyEvidence } from '../../../../../workflows/steps/evidence.ts';
import { createBurst, lookAt } from '../../../../../workflows/steps/gates/burst.ts';
import { LOOK_FAMILIES } from '../../../../../workflows/steps/pod-metrics.ts';
import { aRoute, aSide, GATEWAY_OBJECT } from '../../../simulator/world/a-stack.ts';
import { CLUSTER, pass, podsOf, SECOND } from '../../../simulator/world/a-world.ts';
import { adapterPlan, FROM, TO } from './an-adapter-cluster.ts';
import { jobOf, ROLLOUT } from './fake-cluster.ts';

const ARGS = [
  '--model',
  'acme/base',
  '--served-model-name',
  'llama',
  '--port',
  '8000',
  '--enable-lora',
  '--max-loras=2',
];

const worldOf = (): World =>
  createWorld({
    stacks: [
      {
        objects: [
          GATEWAY_OBJECT,
          ...aSide({ name: 'llm', replicas: 3, args: ARGS, adapters: [FROM] }),
          aRoute({ llm: 100 }),
        ],
      },
    ],
    traffic: [],
  });

const configOf = (world: World) => {
  const stored = world.kube(CLUSTER)?.read(CONFIG_MAP, 'default', 'llm-adapters');
  const data = stored?.['data'] as Record<string, string> | undefined;
  return { uid: stored?.metadata.uid ?? '', text: data?.['configmap.yaml'] ?? '' };
};

const planFor = (world: World): Plan & { readonly adapter: AdapterPlan } => {
  const side = {
    pool: 'llm',
    poolUid: null,
    selector: { app: 'llm' },
    port: 8000,
    picker: null,
    replicas: 3,
  };
  const syncer = {
    namespace: 'default',
    name: 'llm-adapters',
    uid: configOf(world).uid,
    key: 'configmap.yaml',
    newWasThere: false,
  };
  return adapterPlan(
    { pools: [side], syncers: [syncer], source: 'hub/food-review-2' },
    { cluster: CLUSTER, namespace: 'default' },
  );
};

/** The world's ports, with a document that wants the effect. */
const portsOf = (world: World): Ports => {
  const { ports } = createDirectPorts({
    world,
    handlers: { ...world.handlers(), store: createWorldStore({ clock: () => world.nowMs }).handlers },
    toError: ({ message }) => new Error(message),
  });
  const document = { fence: 5, outbox: [{ id: `${ROLLOUT}/9/0` }], lastNowMs: 0 };
  const load = async () => ({ document: document as unknown as RolloutDocument, readAtMs: world.nowMs });
  return { ...ports, store: { ...ports.store, load } };
};

const job = <E extends Effect>(world: World, effect: E, plan: Plan, sinceMs = world.nowMs) =>
  jobOf(effect, { plan, sinceMs, nowMs: world.nowMs, trafficSinceMs: 1 });

/** Again and again, as the outbox does. */
const until = async (world: World, hand: () => Promise<HandResult>): Promise<HandResult> => {
  let result = await hand();
  for (let tries = 0; tries < 100 && result.kind === 'again'; tries += 1) {
    pass(world, result.inMs);
    result = await hand();
  }
  return result;
};

const load = async (world: World, plan: Plan) => {
  const ports = portsOf(world);
  await createObjects(ports, job(world, { kind: 'createObjects', stage: 'workload' } as const, plan));
  return until(world, () => awaitNewSide(ports, job(world, { kind: 'awaitNewSide' } as const, plan)));
};

const verify = (world: World, plan: Plan) =>
  until(world, () => verifyPods(portsOf(world), job(world, { kind: 'verifyPods' } as const, plan)));

const look = async (world: World, plan: Plan & { readonly adapter: AdapterPlan }) =>
  (
    await takeLook(portsOf(world), {
      cluster: CLUSTER,
      namespace: 'default',
      old: plan.old,
      new: plan.new,
      adapter: plan.adapter,
      families: LOOK_FAMILIES,
      atMs: world.nowMs,
    })
  ).look;

describe('a new version in a simulated cluster', () => {
  test('is loaded by the syncers, proved on every pod, probed, and unloaded again without a trace', async () => {
    const world = worldOf();
    const plan = planFor(world);
    const before = configOf(world).text;
    expect(await load(world, plan)).toEqual({
      kind: 'outcome',
      outcome: { kind: 'newSideReady', pods: 3 },
    });
    const verified = await verify(world, plan);
    expect(verified).toMatchObject({ outcome: { kind: 'verified', pods: 3 } });
    expect(Object.keys(verified.kind === 'outcome' ? verified.outcome : {})).not.toContain('findings');
    const probed = await look(world, plan);
    expect(probed.probes?.map(({ target, status }) => [target, status])).toEqual(
      Array(3)
        .fill([
          ['new', 200],
          ['old', 200],
        ])
        .flat(),
    );
    const sinceMs = world.nowMs;
    const gone = await until(world, () =>
      deleteObjects(
        portsOf(world),
        job(world, { kind: 'deleteObjects', side: 'new', identities: [] } as const, plan, sinceMs),
      ),
    );
    expect(gone).toEqual({ kind: 'outcome', outcome: { kind: 'objectsDeleted', notDone: [] } });
    expect(configOf(world).text).toBe(before);
    expect(podsOf(world, 'llm').map(({ adapters }) => Object.keys(adapters))).toEqual(Array(3).fill([FROM]));
  });

  test('without effect on one pod of three is found before any traffic, and the pod is named', async () => {
    const world = worldOf();
    const plan = planFor(world);
    const target = { pool: 'llm', pods: 1 };
    world.act({ kind: 'adapterMissing', target, adapter: TO, as: 'silent' });
    await load(world, plan);
    const result = await verify(world, plan);
    expect(result).toMatchObject({
      outcome: {
        kind: 'verifyFailed',
        findings: [
          {
            code: 'adapter-no-effect',
            object: `Pod default/${podsOf(world, 'llm')[0]?.name ?? ''}`,
            what: `${TO} answers exactly like the base model (Δ 0.000).`,
          },
        ],
      },
    });
  });

  test('that one pod loses trips at the second look that sees it', async () => {
    const world = worldOf();
    const plan = planFor(world);
    await load(world, plan);
    let evidence = emptyEvidence();
    let state = createBurst();
    const gates: (string | null)[] = [];
    for (let count = 0; count < 4; count += 1) {
      if (count === 2)
        world.act({ kind: 'adapterMissing', target: { pool: 'llm', pods: 1 }, adapter: TO, as: 'absent' });
      const seen = await look(world, plan);
      if (count === 0)
        evidence = absorb(evidence, seen, { warmUpUntilMs: null, counting: true, ttftEdgeSeconds: null });
      const result = lookAt(state, seen, {
        sharePercent: 25,
        confirmedAtMs: 0,
        pools: { old: FROM, new: TO },
        tripwires: ['adapter.notFound'],
        ...(evidence.adapter === undefined ? {} : { adapter: evidence.adapter }),
      });
      state = result.state;
      gates.push(result.notice?.sentence ?? null);
      pass(world, 5 * SECOND);
    }
    expect(gates).toEqual([null, null, null, `1 of 3 pods answer 404 for ${TO} at 2 looks running`]);
  });
});
