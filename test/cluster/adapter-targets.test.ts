/**
 * What a rollout of an adapter writes, on a real API server with the definitions of three generations: accepted by their
 * schemas and rules, split exactly, restored byte for byte, and refused where somebody wrote in between.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonPatch, KubeObject } from '../../workflows/kubernetes.ts';
import type { CarrierPlan, RoutePlan } from '../../workflows/plans/plan.ts';
import { realPatch, rulesOf, viewOf } from '../../workflows/steps/carrier.ts';
import { restorePatch, rollbackPatch } from '../../workflows/steps/rollback-patch.ts';
import { removeOldRefPatch, weightsPatch } from '../../workflows/steps/traffic-patch.ts';
import type { Sides } from '../../workflows/steps/traffic-weights.ts';
import { sharedPath } from '../helpers/shared.ts';
import { clusterBinaries } from './control-plane/cluster-binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import { until } from './control-plane/until.ts';

const binaries = await clusterBinaries();
const definitions = sharedPath('crds');

const NAMESPACE = 'adapters';
const SIDES: Sides = { namespace: NAMESPACE, oldPool: 'food-review-1', newPool: 'food-review-2' };
const SHARES = [1, 5, 25, 50, 99, 100];

interface Generation {
  readonly file: string;
  readonly carrier: Pick<CarrierPlan, 'group' | 'version' | 'plural' | 'kind'>;
}

const GENERATIONS: Readonly<Record<string, Generation>> = {
  'the inference extension’s rewrites': {
    file: 'gaie-v1.5.0_inference.networking.x-k8s.io_inferencemodelrewrites.yaml',
    carrier: {
      group: 'inference.networking.x-k8s.io',
      version: 'v1alpha2',
      plural: 'inferencemodelrewrites',
      kind: 'InferenceModelRewrite',
    },
  },
  'llm-d’s rewrites': {
    file: 'llm-d-router-v0.10.0_llm-d.ai_inferencemodelrewrites.yaml',
    carrier: {
      group: 'llm-d.ai',
      version: 'v1alpha2',
      plural: 'inferencemodelrewrites',
      kind: 'InferenceModelRewrite',
    },
  },
  'InferenceModels of the years before': {
    file: 'gaie-v0.5.1_inference.networking.x-k8s.io_inferencemodels.yaml',
    carrier: {
      group: 'inference.networking.x-k8s.io',
      version: 'v1alpha2',
      plural: 'inferencemodels',
      kind: 'InferenceModel',
    },
  },
};

interface Weighed {
  readonly name: string;
  readonly weight?: number;
}

const specOf = (kind: string, alias: string, targets: readonly Weighed[] | null): unknown => {
  if (kind === 'InferenceModel')
    return {
      modelName: alias,
      poolRef: { name: 'llm' },
      ...(targets === null ? {} : { targetModels: targets }),
    };
  const asked = (name: string) => [{ model: { type: 'Exact', value: name } }];
  const own = (targets ?? []).map(({ name, ...weight }) => ({ modelRewrite: name, ...weight }));
  return {
    poolRef: { name: 'llm' },
    rules: [
      { matches: asked('somebody-elses'), targets: [{ modelRewrite: 'food-review-1' }] },
      { matches: asked(alias), targets: own },
    ],
  };
};

/** What stood there before. */
const BEFORE: Readonly<Record<string, readonly Weighed[] | null>> = {
  bare: [{ name: 'food-review-1' }],
  weighed: [{ name: 'food-review-1', weight: 7 }],
  beside: [
    { name: 'other', weight: 30 },
    { name: 'food-review-1', weight: 70 },
  ],
  even: [{ name: 'food-review-1' }, { name: 'other' }],
};

describe.skipIf(binaries === null || definitions === null)('targets of an adapter', () => {
  let plane: ControlPlane;

  beforeAll(async () => {
    if (binaries === null || definitions === null) throw new Error('nothing to start');
    plane = await startControlPlane({ binaries });
    await plane.apply([
      ...Object.values(GENERATIONS).map(({ file }) => join(definitions, file)),
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ]);
    for (const { carrier } of Object.values(GENERATIONS))
      await until(`${carrier.plural} to be served`, 30_000, async () => {
        const path = `/apis/${carrier.group}/${carrier.version}`;
        return (await plane.api.send({ path })).text.includes(`"name":"${carrier.plural}"`);
      });
  });

  afterAll(() => plane?.close());

  const pathOf = ({ group, version, plural }: Generation['carrier'], name: string): string =>
    `/apis/${group}/${version}/namespaces/${NAMESPACE}/${plural}/${name}`;

  const read = async (carrier: Generation['carrier'], name: string): Promise<KubeObject> => {
    const object = await plane.api.json<KubeObject>({ path: pathOf(carrier, name) });
    if (object === null) throw new Error(`${name} is not there`);
    return object;
  };

  const patch = (carrier: Generation['carrier'], name: string, body: JsonPatch) =>
    plane.api.send({
      method: 'PATCH',
      path: `${pathOf(carrier, name)}?fieldManager=sluice&fieldValidation=Strict`,
      contentType: 'application/json-patch+json',
      body,
    });

  test.each(Object.entries(GENERATIONS))(
    '%s: every share, the way back and the closing',
    async (_, { carrier }) => {
      let writes = 0;
      const isModel = carrier.kind === 'InferenceModel';
      const cases = Object.entries(isModel ? { ...BEFORE, absent: null } : BEFORE);
      for (const [name, targets] of cases) {
        const alias = targets === null ? 'food-review-1' : `food-review-${name}`;
        const plan: CarrierPlan = {
          ...carrier,
          pool: 'llm',
          alias,
          isCreated: false,
          listWasAbsent: targets === null,
        };
        await plane.apply([
          {
            apiVersion: `${carrier.group}/${carrier.version}`,
            kind: carrier.kind,
            metadata: { name, namespace: NAMESPACE, annotations: { owner: 'reviews' } },
            spec: specOf(carrier.kind, alias, targets),
          },
        ]);
        const before = await read(carrier, name);
        const index = isModel ? 0 : 1;
        const route: RoutePlan = {
          carrier: plan,
          namespace: NAMESPACE,
          name,
          uid: before.metadata.uid ?? '',
          gateways: [],
          rules: [{ index, originals: rulesOf(before, plan)[index] ?? [], newRefWasThere: false }],
        };
        const order = (object: KubeObject) => ({
          route: viewOf(object, route),
          plan: route,
          sides: SIDES,
          fenceValue: `r-1/${String(writes)}`,
        });
        const write = async (object: KubeObject, body: JsonPatch | null): Promise<KubeObject> => {
          const answer = await patch(carrier, name, realPatch(object, route, body ?? []));
          expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
          writes += 1;
          return JSON.parse(answer.text) as KubeObject;
        };
        let object = before;
        for (const sharePercent of [0, ...SHARES]) {
          const stale = object;
          object = await write(object, weightsPatch({ ...order(object), sharePercent }));
          const refs = rulesOf(object, plan)[index] ?? [];
          const part = (of: string) => refs.find((ref) => ref.name === of)?.weight ?? 0;
          const pair = part(SIDES.oldPool) + part(SIDES.newPool);
          expect(part(SIDES.newPool) * 100).toBe(sharePercent * pair);
          const late = realPatch(stale, route, weightsPatch({ ...order(stale), sharePercent: 50 }));
          expect((await patch(carrier, name, late)).status).toBe(422);
        }
        const closing = realPatch(object, route, removeOldRefPatch(order(object)) ?? []);
        expect((await patch(carrier, name, closing)).status).toBe(200);
        object = await read(carrier, name);
        object = await write(object, rollbackPatch({ ...order(object), sharePercent: 0 }));
        object = await write(object, restorePatch(order(object)));
        expect(JSON.stringify(object['spec'])).toBe(JSON.stringify(before['spec']));
        expect(object.metadata.annotations).toMatchObject({ owner: 'reviews' });
      }
      console.log(
        `${carrier.kind}.${carrier.group}: ${String(writes)} writes accepted, ${String(cases.length)} objects restored`,
      );
      expect(writes).toBe(cases.length * (SHARES.length + 3));
    },
  );
});
