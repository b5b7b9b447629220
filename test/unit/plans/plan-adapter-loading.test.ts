import { describe, expect, test } from 'vitest';
import { aPicker } from './a-cluster.ts';
import {
  aConfigMap,
  anAdapterCluster,
  anAdapterSpec,
  aServer,
  CONFIG,
  loaded,
  observedAdapter,
  serving,
  syncer,
} from './an-adapter.ts';
import { planned } from './planned.ts';

describe('what is loaded', () => {
  const slots = (args: readonly string[], maxLoras: number | null) =>
    planned(
      anAdapterSpec({}, { acknowledge: ['lora-slots'] }),
      [],
      anAdapterCluster({
        deployments: [aServer('llm', { args }), aPicker('llm-epp')],
        adapter: observedAdapter({ maxLoras }),
      }),
    ).plan.gates.adapter?.slots;

  test('the slots are those of the arguments and of the pods’ own metrics, whichever are fewer', () => {
    expect([
      slots(['--enable-lora', '--max-loras', '4'], null),
      slots(['--enable-lora', '--max-loras', '4'], 3),
      slots(['--enable-lora', '--max-cpu-loras=4'], null),
      slots(['--config', 'vllm.yaml'], null),
      slots(['--config', 'vllm.yaml'], 8),
      slots(['sh', '-c', 'exec vllm serve llama --enable-lora --max_loras=3'], null),
    ]).toEqual([4, 3, 1, null, 8, 3]);
  });

  test('nothing is edited where the new version is loaded already', () => {
    const oldModels = ['llm-1', 'llm-2'].map((pod) => ({
      pod,
      models: serving('food-review-1', 'food-review-2'),
    }));
    expect(planned(loaded(), [], anAdapterCluster({ oldModels })).plan.adapter?.syncers).toEqual([]);
  });

  test('the ConfigMap is found however the sidecar mounts it', () => {
    const found = (server: Parameters<typeof aServer>[1], key: string) =>
      planned(
        anAdapterSpec(),
        [],
        anAdapterCluster({
          deployments: [aServer('llm', server), aPicker('llm-epp')],
          configMaps: [aConfigMap('llm-adapters', CONFIG, key)],
        }),
      ).plan.adapter?.syncers.map((one) => `${one.name} ${one.key}`);
    const volume = (source: object) => ({ volumes: [{ name: 'config-volume', ...source }] });
    const renamed = { name: 'llm-adapters', items: [{ key: 'adapters', path: 'configmap.yaml' }] };
    expect([
      found({}, 'configmap.yaml'),
      found(volume({ configMap: renamed }), 'adapters'),
      found(volume({ projected: { sources: [{ configMap: renamed }] } }), 'adapters'),
      found(
        { initContainers: [{ ...syncer(), env: [], image: 'registry.k8s.io/x/lora-syncer:v1.0.1' }] },
        'configmap.yaml',
      ),
    ]).toEqual([
      ['llm-adapters configmap.yaml'],
      ['llm-adapters adapters'],
      ['llm-adapters adapters'],
      ['llm-adapters configmap.yaml'],
    ]);
  });

  test('an old version that shall go goes with its entry', () => {
    const { plan } = planned(
      anAdapterSpec({}, { retention: { old: '2h', retire: 'unload' } }),
      [],
      anAdapterCluster(),
    );
    expect([plan.adapter?.unloadsOld, plan.retention, plan.delete]).toEqual([
      true,
      { oldMs: 7_200_000, retire: 'unload' },
      [],
    ]);
  });
});

describe('what two rollouts may do at once', () => {
  const locks = (...call: Parameters<typeof planned>): ReadonlySet<string> =>
    new Set(planned(...call).plan.locks);
  const observed = anAdapterCluster({
    oldModels: ['llm-1', 'llm-2'].map((pod) => ({ pod, models: serving('food-review-1', 'menu-1') })),
    deployments: [aServer('llm', { args: ['--enable-lora', '--max-loras=8'] }), aPicker('llm-epp')],
  });
  const meets = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => [...a].some((key) => b.has(key));
  const of = (model: string, from: string, name: string) =>
    locks(anAdapterSpec({ model, from, to: { name, source: `acme/${name}`, load: 'syncer' } }), [], observed);
  const food = of('food-review', 'food-review-1', 'food-review-2');

  test('two names of one pool do not meet; the same name, or the same version, does', () => {
    expect([
      meets(food, of('menu', 'menu-1', 'menu-2')),
      meets(food, of('food-review', 'menu-1', 'menu-2')),
      meets(food, of('menu', 'menu-1', 'food-review-2')),
    ]).toEqual([false, true, true]);
  });
});
