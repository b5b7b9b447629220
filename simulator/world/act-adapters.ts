import { parseDocument } from 'yaml';
import { clusterOf, person, send } from './act-edits.ts';
import type { Act } from './acts.ts';
import type { Cluster } from './cluster.ts';
import { at, type Fields, fields, items, text } from './fields.ts';
import { CONFIG_MAP, INFERENCE_MODEL } from './resources.ts';
import { nameRules } from './rewrites.ts';

type Clusters = ReadonlyMap<string, Cluster>;

/** `kubectl edit` of the object that a pool's pickers follow for a name: these are its targets from now on. */
export function editTargets(clusters: Clusters, act: Extract<Act, { kind: 'targetsEdited' }>): void {
  const cluster = clusterOf(clusters, act.cluster);
  const namespace = act.namespace ?? 'default';
  if (cluster === undefined) return;
  const rule = nameRules(cluster).find(
    (one) => one.namespace === namespace && one.pool === act.pool && one.asked.includes(act.asked),
  );
  if (rule === undefined) return;
  const stored = cluster.kube.read(rule.resource, namespace, rule.object);
  const spec = fields(stored?.['spec']);
  const isModel = rule.resource === INFERENCE_MODEL;
  const targets = Object.entries(act.weights).map(([name, weight]) => ({
    [isModel ? 'name' : 'modelRewrite']: name,
    weight,
  }));
  const asks = (one: Fields): boolean =>
    items(one['matches']).some((match) => text(at(match, 'model', 'value')) === act.asked);
  const rules = items(spec['rules']).map((one) => (asks(one) ? { ...one, targets } : one));
  const object = { ...stored, spec: isModel ? { ...spec, targetModels: targets } : { ...spec, rules } };
  const what = { resource: rule.resource, namespace, name: rule.object };
  send(clusters, act.cluster, { verb: 'update', ...what, object }, person(act.by));
}

/** `kubectl edit` of the adapter syncer's ConfigMap; comments and order of its text stay. */
export function editSyncer(clusters: Clusters, act: Extract<Act, { kind: 'syncerEdited' }>): void {
  const cluster = clusterOf(clusters, act.cluster);
  const namespace = act.namespace ?? 'default';
  const key = act.key ?? 'configmap.yaml';
  const stored = cluster?.kube.read(CONFIG_MAP, namespace, act.configMap);
  const source = text(at(stored, 'data', key));
  if (stored === undefined || source === undefined) return;
  const document = parseDocument(source);
  const path = ['vLLMLoRAConfig', 'ensureExist', 'models'];
  const models = items(at(document.toJS(), ...path)).filter(({ id }) => id !== act.remove);
  document.setIn(path, act.add === undefined ? models : [...models, act.add]);
  const data = { ...fields(stored['data']), [key]: document.toString() };
  const what = { resource: CONFIG_MAP, namespace, name: act.configMap };
  send(clusters, act.cluster, { verb: 'update', ...what, object: { ...stored, data } }, person(act.by));
}
