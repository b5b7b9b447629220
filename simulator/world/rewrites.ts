/**
 * What endpoint pickers make of the model name that a client asks for, by InferenceModelRewrites of their pool, or by
 * InferenceModels where no rewrites are served. Measured on a picker 1.5.0: an exact match before one of any name, then the
 * older object, then the order of the list; a target without a weight beside one with a weight gets nothing; a change is
 * followed within some tens of milliseconds; a name that no rule matches passes unchanged.
 */
import type { KubeObject, KubeResource } from '../../workflows/kubernetes.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import { at, type Fields, items, number, text } from './fields.ts';
import type { Random } from './random.ts';
import { INFERENCE_MODEL, LLMD_REWRITE, MODEL_REWRITE } from './resources.ts';

/** A name that is written into requests, with its weight. */
export interface Target {
  readonly name: string;
  readonly weight: number;
}

/** One rule for one name, as an object says it. */
export interface NameRule {
  readonly resource: KubeResource;
  readonly namespace: string;
  /** The object's own. */
  readonly object: string;
  readonly pool: string;
  /** Names that clients ask for; empty: any. */
  readonly asked: readonly string[];
  readonly targets: readonly Target[];
}

export interface Rewrites {
  /** The targets of a name; null: it passes unchanged. */
  targetsOf(cluster: Cluster, namespace: string, pool: string, asked: string): readonly Target[] | null;
  /** A rewrite or model was written: its pool's pickers follow a moment later. */
  written(cluster: Cluster): void;
  /** Whether any name of a cluster has several targets. */
  isSplit(cluster: Cluster): boolean;
}

interface RewriteHooks {
  /** Just before pickers change. */
  beforeChange(): void;
  changed(): void;
}

/** What the pickers of one pool obey. */
interface PoolTable {
  readonly exact: Map<string, readonly Target[]>;
  any: readonly Target[] | null;
}

const REWRITES: readonly KubeResource[] = [MODEL_REWRITE, LLMD_REWRITE];

const servesRewrites = ({ kube }: Cluster): boolean =>
  kube.served.some(({ plural }) => plural === MODEL_REWRITE.plural);

/** Weights on all or on none; beside one that has a weight, a target without gets nothing. */
export function targetsOf(list: readonly Fields[], nameField: string): readonly Target[] {
  const isWeighed = list.some((target) => number(target['weight']) !== undefined);
  return list
    .map((target) => ({
      name: text(target[nameField]) ?? '',
      weight: number(target['weight']) ?? (isWeighed ? 0 : 1),
    }))
    .filter(({ weight }) => weight > 0);
}

function older(a: KubeObject, b: KubeObject): number {
  const [first, second] = [a, b].map(
    ({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.namespace ?? ''}/${metadata.name}`,
  );
  return (first ?? '') < (second ?? '') ? -1 : 1;
}

/** All rules of a cluster, those that win before those that lose. */
export function nameRules(cluster: Cluster): readonly NameRule[] {
  const { kube } = cluster;
  const resources = servesRewrites(cluster) ? REWRITES : [INFERENCE_MODEL];
  return resources
    .flatMap((resource) => kube.all(resource).map((object) => ({ resource, object })))
    .toSorted((a, b) => older(a.object, b.object))
    .flatMap(({ resource, object }) => {
      const { namespace = 'default', name } = object.metadata;
      const pool = text(at(object, 'spec', 'poolRef', 'name')) ?? '';
      const common = { resource, namespace, object: name, pool };
      return resource === INFERENCE_MODEL
        ? [{ ...common, ...modelRule(object) }]
        : items(at(object, 'spec', 'rules')).map((rule) => ({ ...common, ...rewriteRule(rule) }));
    });
}

function rewriteRule(rule: Fields): Pick<NameRule, 'asked' | 'targets'> {
  const asked = items(rule['matches']).map((match) => text(at(match, 'model', 'value')) ?? '');
  return { asked, targets: targetsOf(items(rule['targets']), 'modelRewrite') };
}

function modelRule(object: KubeObject): Pick<NameRule, 'asked' | 'targets'> {
  const asked = text(at(object, 'spec', 'modelName')) ?? '';
  const targets = targetsOf(items(at(object, 'spec', 'targetModels')), 'name');
  return { asked: [asked], targets: targets.length > 0 ? targets : [{ name: asked, weight: 1 }] };
}

function tablesOf(cluster: Cluster): Map<string, PoolTable> {
  const tables = new Map<string, PoolTable>();
  for (const { namespace, pool, asked, targets } of nameRules(cluster)) {
    const key = `${namespace}/${pool}`;
    const table = tables.get(key) ?? { exact: new Map(), any: null };
    tables.set(key, table);
    if (targets.length === 0) continue;
    if (asked.length === 0) table.any ??= targets;
    for (const name of asked) if (!table.exact.has(name)) table.exact.set(name, targets);
  }
  return tables;
}

export function createRewrites(engine: Engine, hooks: RewriteHooks): Rewrites {
  const obeyed = new Map<Cluster, Map<string, PoolTable>>();
  const obey = (cluster: Cluster): void => {
    hooks.beforeChange();
    obeyed.set(cluster, tablesOf(cluster));
    hooks.changed();
  };
  return {
    targetsOf(cluster, namespace, pool, asked) {
      const tables = obeyed.get(cluster);
      if (tables === undefined || tables.size === 0) return null;
      const table = tables.get(`${namespace}/${pool}`);
      return table?.exact.get(asked) ?? table?.any ?? null;
    },
    written(cluster) {
      const lagMs = engine.drawQuietly('rewriteNotice');
      if (lagMs === 0) obey(cluster);
      else engine.after(lagMs, () => obey(cluster));
    },
    isSplit: (cluster) =>
      [...(obeyed.get(cluster)?.values() ?? [])].some(({ exact, any }) =>
        [...exact.values(), any ?? []].some((targets) => targets.length > 1),
      ),
  };
}

/** One target by weight. */
export function drawTarget(targets: readonly Target[], random: Random): string {
  let left = random.uniform() * targets.reduce((sum, { weight }) => sum + weight, 0);
  for (const { name, weight } of targets) {
    left -= weight;
    if (left < 0) return name;
  }
  return targets.at(-1)?.name ?? '';
}
