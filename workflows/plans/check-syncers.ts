/** The ConfigMaps through which the new version is loaded. */
import { parse } from 'yaml';
import type { KubeObject } from '../kubernetes.ts';
import { RESOURCES } from '../kubernetes.ts';
import { askFor, readSyncerConfig, type SyncerConfig } from '../steps/syncer-config.ts';
import { adapterOf } from './adapter-carriers.ts';
import { servedByPods } from './adapter-served.ts';
import { syncersOf } from './adapter-syncers.ts';
import { checkOwner } from './check-routes.ts';
import { textAt } from './fields.ts';
import { finding } from './findings.ts';
import type { Finding, SyncerPlan } from './plan.ts';
import { loraArguments, podSourcesOf, serverContainer } from './server-arguments.ts';
import type { Side, Survey } from './survey.ts';

/** Each ConfigMap once; empty where nothing is edited. Only for a survey without errors. */
export const planSyncers = (survey: Survey, sides: readonly Side[]): readonly SyncerPlan[] => {
  const { to } = adapterOf(survey);
  if (to.load !== 'syncer') return [];
  const found = new Map<string, SyncerPlan>();
  for (const syncer of sides.flatMap(syncersOf)) {
    if (syncer.kind !== 'found') continue;
    const { configMap: name, key } = syncer;
    const object = findConfigMap(survey, name);
    const config = readSyncerConfig(textAt(object, 'data', key) ?? '');
    if (object === null || config === null) continue;
    found.set(`${name}/${key}`, {
      namespace: survey.spec.namespace,
      name,
      uid: object.metadata.uid ?? '',
      key,
      newWasThere: config.exist.some(({ id }) => id === to.name),
      ...(config.absent.some(({ id }) => id === to.name) ? { newWasAway: true } : {}),
    });
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, plan]) => plan);
};

const findConfigMap = ({ observed, spec }: Survey, name: string): KubeObject | null =>
  observed.configMaps.find(
    ({ metadata }) => metadata.name === name && (metadata.namespace ?? spec.namespace) === spec.namespace,
  ) ?? null;

export const checkSyncers = (survey: Survey, side: Side): readonly Finding[] => {
  if (adapterOf(survey).to.load !== 'syncer') return [];
  const pool = `${RESOURCES.inferencePool.kind} ${survey.spec.namespace}/${side.pool.name}`;
  const syncers = syncersOf(side);
  if (syncers.length === 0)
    return [finding('syncer-missing', pool, 'No Deployment and no pod of it shows how its pods are made.')];
  return syncers.flatMap((syncer): readonly Finding[] => {
    switch (syncer.kind) {
      case 'missing':
        return [
          finding('syncer-missing', syncer.source, 'None of its containers has DYNAMIC_LORA_ROLLOUT_CONFIG.'),
        ];
      case 'subPath':
        return [finding('syncer-subpath', syncer.source, `${syncer.mount} is mounted by subPath.`)];
      case 'noConfigMap':
        return [
          finding('syncer-config', syncer.source, `The sidecar’s ${syncer.file} comes from no ConfigMap.`),
        ];
      case 'found':
        return checkConfigMap(survey, side, syncer);
    }
  });
};

const checkConfigMap = (
  survey: Survey,
  side: Side,
  { configMap, key }: { readonly configMap: string; readonly key: string },
): readonly Finding[] => {
  const { from, to } = adapterOf(survey);
  const name = `${RESOURCES.configMap.kind} ${survey.spec.namespace}/${configMap}`;
  const refused = (what: string): readonly Finding[] => [finding('syncer-config', name, what)];
  const object = findConfigMap(survey, configMap);
  if (object === null) return refused('It does not exist, and the sidecar reads it.');
  const text = textAt(object, 'data', key);
  if (text === null) return refused(`It has no key ${key}.`);
  const config = readSyncerConfig(text);
  if (config === null) return refused(`Its key ${key} is no YAML text with vLLMLoRAConfig.`);
  const edit = askFor(text, { id: to.name, source: to.source }, from);
  if (edit.kind === 'unfit') return refused(`Its key ${key} cannot be edited: ${edit.why}.`);
  return [
    ...checkEntry(survey, name, config),
    ...checkBase(survey, side, { name, text, config }),
    ...checkOwner({ ...object, kind: RESOURCES.configMap.kind }, 'the edit'),
  ];
};

const checkEntry = (survey: Survey, name: string, config: SyncerConfig): readonly Finding[] => {
  const { to } = adapterOf(survey);
  const entry = config.exist.find(({ id }) => id === to.name);
  if (entry === undefined || entry.source === to.source) return [];
  const what = `It asks for ${to.name} from ${entry.source ?? 'nowhere'}, the file says ${to.source}.`;
  return [finding('adapter-source-differs', name, what)];
};

/** Names of the base model: what the pods answer to, where it was loaded from, what they were told. */
const checkBase = (
  survey: Survey,
  side: Side,
  { name, text, config }: { readonly name: string; readonly text: string; readonly config: SyncerConfig },
): readonly Finding[] => {
  const { from } = adapterOf(survey);
  const known = new Set<string>();
  for (const { models } of servedByPods(survey, side))
    for (const { id, parent, root } of models ?? [])
      if (parent === null) for (const one of [id, root ?? id]) known.add(one);
  if (known.size === 0) return [];
  const served = [...known].sort();
  for (const source of podSourcesOf(side)) {
    const { model } = loraArguments(serverContainer(source, side.plan.port));
    if (model !== null) known.add(model);
  }
  const root = 'vLLMLoRAConfig';
  const said =
    config.exist.find(({ id }) => id === from)?.base?.value ?? textAt(parse(text), root, 'defaultBaseModel');
  if (said === null || known.has(said)) return [];
  return [
    finding('syncer-base', name, `It names the base model ${said}; the pods serve ${served.join(', ')}.`),
  ];
};
