/** Whether the model servers can take one adapter more: as far as their arguments and metrics tell. */
import { adapterOf } from './adapter-carriers.ts';
import { servedByPods } from './adapter-served.ts';
import { at, itemsOf, textAt } from './fields.ts';
import { finding } from './findings.ts';
import type { Finding } from './plan.ts';
import {
  environmentOf,
  loraArguments,
  type PodSource,
  podSourcesOf,
  serverContainer,
} from './server-arguments.ts';
import type { Side, Survey } from './survey.ts';

/** The least `--max-loras` of all pools; null where nothing tells. */
export const leastMaxLoras = (survey: Survey, sides: readonly Side[]): number | null => {
  const said = sides.flatMap((side) =>
    podSourcesOf(side).flatMap(
      (source) => loraArguments(serverContainer(source, side.plan.port)).maxLoras ?? [],
    ),
  );
  const measured = survey.observed.adapter?.maxLoras ?? null;
  const all = measured === null ? said : [...said, measured];
  return all.length === 0 ? null : Math.min(...all);
};

export const checkLora = (survey: Survey, side: Side): readonly Finding[] =>
  podSourcesOf(side).flatMap((source) => {
    const container = serverContainer(source, side.plan.port);
    return [
      ...checkEnabled(survey, side, source),
      ...checkSlots(survey, side, source),
      ...checkRank(survey, side, source),
      ...checkUpdating(survey, source.name, container),
      ...checkSource(survey, source.name, container),
    ];
  });

const argumentsOf = (side: Side, source: PodSource) => loraArguments(serverContainer(source, side.plan.port));

/** Names of the adapters that a pod has loaded, the most of any pod. */
const loadedAdapters = (survey: Survey, side: Side): readonly string[] =>
  servedByPods(survey, side)
    .map(({ models }) => (models ?? []).filter(({ parent }) => parent !== null).map(({ id }) => id))
    .reduce((most, one) => (one.length > most.length ? one : most), []);

const checkEnabled = (survey: Survey, side: Side, source: PodSource): readonly Finding[] => {
  // Who serves adapters has LoRA, whatever the arguments seem to say.
  if (argumentsOf(side, source).enabled !== false || loadedAdapters(survey, side).length > 0) return [];
  return [finding('lora-disabled', source.name, 'Its arguments have no --enable-lora.')];
};

const checkSlots = (survey: Survey, side: Side, source: PodSource): readonly Finding[] => {
  const { to } = adapterOf(survey);
  const { maxLoras, maxCpuLoras } = argumentsOf(side, source);
  const loaded = loadedAdapters(survey, side);
  const count = loaded.includes(to.name) ? loaded.length : loaded.length + 1;
  const say = (flag: string, max: number): string =>
    `With ${to.name} its pods have ${count} adapters, ${flag} is ${max}.`;
  if (maxCpuLoras !== null && count > Math.max(maxCpuLoras, maxLoras ?? 0))
    return [finding('lora-slots', source.name, say('--max-cpu-loras', maxCpuLoras), 'E')];
  if (maxLoras === null || count <= maxLoras) return [];
  return [finding('lora-slots', source.name, say('--max-loras', maxLoras))];
};

/** Publishers write the rank into names: `…_r16`, `…-rank-64`. No more than a hint. */
const rankHint = (source: string): number | null => {
  const [, digits] = /(?:^|[-_.])(?:r|rank)[-_]?(\d{1,4})$/iu.exec(source) ?? [];
  return digits === undefined ? null : Number(digits);
};

const checkRank = (survey: Survey, side: Side, source: PodSource): readonly Finding[] => {
  const { to } = adapterOf(survey);
  const { maxRank } = argumentsOf(side, source);
  if (to.load !== 'syncer' || maxRank === null) return [];
  const hint = rankHint(to.source);
  if (hint === null)
    return [
      finding(
        'lora-rank',
        source.name,
        `--max-lora-rank is ${maxRank}; the rank of ${to.source} is not known.`,
      ),
    ];
  if (hint <= maxRank) return [];
  const what = `--max-lora-rank is ${maxRank}; the name ${to.source} says rank ${hint}.`;
  return [finding('lora-rank', source.name, what, 'W')];
};

const RUNTIME_UPDATING = 'VLLM_ALLOW_RUNTIME_LORA_UPDATING';

const checkUpdating = (survey: Survey, name: string, container: unknown): readonly Finding[] => {
  if (adapterOf(survey).to.load !== 'syncer') return [];
  const said = environmentOf(container, RUNTIME_UPDATING);
  if (said === 'hidden' || (said !== null && /^(1|true)$/iu.test(said.value))) return [];
  const what = said === null ? `${RUNTIME_UPDATING} is not set.` : `${RUNTIME_UPDATING} is "${said.value}".`;
  return [finding('lora-updating-off', name, what)];
};

/** Only what can be known from here: whether servers read such a place at all. */
const checkSource = (survey: Survey, name: string, container: unknown): readonly Finding[] => {
  const { source, load } = adapterOf(survey).to;
  if (load !== 'syncer') return [];
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//iu.exec(source)?.[1];
  if (scheme !== undefined) {
    const what = `${source} is an address; plain vLLM reads folders and repositories of Hugging Face.`;
    return [finding('adapter-source', name, what, 'I')];
  }
  if (source.startsWith('/')) {
    if (mountsOf(container).some((path) => source === path || source.startsWith(`${path}/`))) return [];
    return [finding('adapter-source', name, `${source} lies in no volume of its model server.`)];
  }
  const offline = environmentOf(container, 'HF_HUB_OFFLINE');
  if (offline === null || offline === 'hidden' || !/^(1|true|yes|on)$/iu.test(offline.value)) return [];
  return [finding('adapter-source', name, `HF_HUB_OFFLINE is set, and ${source} is a repository.`)];
};

const mountsOf = (container: unknown): readonly string[] =>
  itemsOf(at(container, 'volumeMounts')).flatMap(
    (mount) => textAt(mount, 'mountPath')?.replace(/\/+$/u, '') ?? [],
  );
