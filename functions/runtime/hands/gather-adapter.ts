/** What preflight looks at for a rollout of an adapter alone: carriers, counters of pickers, slots. Writes nothing. */
import { must } from '../../../workflows/assert.ts';
import { type KubeObject, type KubeResource, RESOURCES } from '../../../workflows/kubernetes.ts';
import {
  carrierOf,
  carrierPatches,
  exactRules,
  type FoundCarrier,
  sidesOfAdapter,
} from '../../../workflows/plans/adapter-carriers.ts';
import { adapterSides } from '../../../workflows/plans/adapter-pools.ts';
import { isPodReady } from '../../../workflows/plans/inference-pool.ts';
import { boundTo } from '../../../workflows/plans/objectives.ts';
import type { ObservedAdapter, ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import { type Side, type Survey, takeSurvey } from '../../../workflows/plans/survey.ts';
import type { PodTarget, ScrapeResult } from '../../../workflows/ports.ts';
import type { RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import { resourceOf, titleOf } from '../../../workflows/steps/carrier.ts';
import { all } from '../all.ts';
import { dryRunAnswer, type Right, right } from './gather-answers.ts';
import type { Reading } from './gather-lists.ts';

const PROBE_TIMEOUT_MS = 10_000;

/** Labels of this one tell how many adapters a pod computes with at once. */
const LORAS = 'vllm:lora_requests_info';
/** A family that every picker has; the counters by target come with the first request. */
const PICKER_FAMILY = 'inference_pool_ready_pods';

interface AdapterLists {
  readonly rewriteResource: KubeResource | null;
  readonly modelResource: KubeResource | null;
  readonly models: readonly KubeObject[];
}

/** @param observed all the rest, as it was read. */
export const gatherAdapter = async (
  reading: Reading,
  {
    spec,
    observed,
    lists,
  }: { readonly spec: RolloutSpec; readonly observed: ObservedCluster; readonly lists: AdapterLists },
): Promise<ObservedAdapter> => {
  const { modelResource, models } = lists;
  const blank: ObservedAdapter = { modelResource, models, dryRuns: [], readablePickers: [], maxLoras: null };
  const survey = takeSurvey(spec, [], { ...observed, adapter: blank });
  if (survey === null) return blank;
  const sides = adapterSides(survey);
  const [dryRuns, readablePickers, maxLoras] = await all([
    all(sides.map((side) => dryRunCarrier(reading, survey, side))),
    readPickers(reading, sides),
    readMaxLoras(reading, sides),
  ]);
  return { ...blank, dryRuns: dryRuns.flatMap((one) => one ?? []), readablePickers, maxLoras };
};

type DryRun = ObservedAdapter['dryRuns'][number];

/** null where there is nothing that could be written. */
const dryRunCarrier = async (reading: Reading, survey: Survey, side: Side): Promise<DryRun | null> => {
  const carrier = carrierOf(survey, side);
  const pool = side.pool.name;
  if (carrier.kind === 'created') {
    const { object, namespace } = carrier.object;
    const resource = resourceOf(carrier.route);
    const answer = await reading.ports.kubernetes.create({
      cluster: reading.cluster,
      resource,
      namespace,
      object,
      dryRun: true,
    });
    return { pool, there: dryRunAnswer(reading, `dry run of ${titleOf(carrier.route)}`, answer), back: null };
  }
  if (carrier.kind !== 'edited' || carrier.rules.kind !== 'planned') return null;
  return { pool, ...(await dryRunEdits(reading, survey, carrier)) };
};

const dryRunEdits = async (
  reading: Reading,
  survey: Survey,
  { route, object }: Extract<FoundCarrier, { kind: 'edited' }>,
): Promise<Omit<DryRun, 'pool'>> => {
  const { cluster, ports } = reading;
  const sharePercent = must(survey.spec.ladder[0], 'first rung').sharePercent;
  const patches = carrierPatches(object, route, { sides: sidesOfAdapter(survey), sharePercent });
  const target = {
    cluster,
    resource: resourceOf(route),
    namespace: route.namespace,
    name: route.name,
    dryRun: true,
  };
  const what = `dry run on ${titleOf(route)}`;
  const [there, back] = await all([
    ports.kubernetes.jsonPatch({ ...target, patch: patches.there }),
    ports.kubernetes.jsonPatch({ ...target, patch: patches.back }),
  ]);
  return { there: dryRunAnswer(reading, what, there), back: dryRunAnswer(reading, what, back) };
};

/** Pickers ask for a token by default, which the API server takes away on the proxy's way: then nothing is readable. */
const readPickers = async (reading: Reading, sides: readonly Side[]): Promise<readonly string[]> => {
  const targets = sides.flatMap(({ pickerPods, plan: { picker } }): readonly PodTarget[] => {
    const port = picker?.metricsPort ?? null;
    return port === null
      ? []
      : pickerPods.filter(isPodReady).map(({ metadata }) => ({ pod: metadata.name, port }));
  });
  const results = await scrape(reading, targets, [PICKER_FAMILY]);
  return targets.flatMap(({ pod }, index) => {
    const result = results[index];
    return result?.kind === 'answered' && result.status === 200 ? [pod] : [];
  });
};

const readMaxLoras = async (reading: Reading, sides: readonly Side[]): Promise<number | null> => {
  const targets = sides.flatMap(({ pods, plan: { port } }) =>
    pods.filter(isPodReady).map(({ metadata }) => ({ pod: metadata.name, port })),
  );
  const results = await scrape(reading, targets, [LORAS]);
  const said = results
    .flatMap((result) => (result.kind === 'answered' ? result.samples : []))
    .map(({ labels }) => Number(labels['max_lora']))
    .filter((count) => Number.isSafeInteger(count) && count > 0);
  return said.length === 0 ? null : Math.min(...said);
};

const scrape = (
  { cluster, namespace, ports }: Reading,
  targets: readonly PodTarget[],
  families: readonly string[],
): Promise<readonly ScrapeResult[]> =>
  targets.length === 0
    ? Promise.resolve([])
    : ports.models.scrape({ cluster, namespace, targets, families, timeoutMs: PROBE_TIMEOUT_MS });

interface RightsLists extends Pick<AdapterLists, 'rewriteResource' | 'modelResource'> {
  readonly rewrites: readonly KubeObject[];
}

/** What the rollout will need to be allowed: patching and creating are tried by dry runs as well. */
export const adapterRights = (
  { namespace, adapter }: RolloutSpec,
  { rewriteResource, modelResource, rewrites }: RightsLists,
  pools: readonly string[],
): readonly Right[] => {
  const isNamed = (pool: string): boolean =>
    boundTo(rewrites, namespace, pool).some((object) => exactRules(object, adapter?.alias ?? '').length > 0);
  const verbs = pools.every(isNamed) ? ['patch'] : ['patch', 'create', 'delete'];
  const carriers = [
    ...(rewriteResource === null ? [] : verbs.map((verb) => right(verb, rewriteResource, namespace))),
    ...(modelResource === null ? [] : [right('patch', modelResource, namespace)]),
  ];
  return [
    ...carriers,
    { verb: 'get', group: '', resource: 'pods/proxy', namespace },
    { verb: 'create', group: '', resource: 'pods/proxy', namespace },
    ...(adapter?.to.load === 'syncer' ? [right('patch', RESOURCES.configMap, namespace)] : []),
  ];
};
