/**
 * What carries the weights of an adapter's versions, seen as a route: the alias's targets as refs, its own fence as the fence,
 * and a status that confirms at once, since such objects have none and pickers follow within a second. So everything that is
 * judged of routes is judged of them.
 *
 * By the words of their own API: a target without a weight counts 1, and beside one that has a weight it gets nothing; an
 * InferenceModel without targets is its own target.
 */
import type { Order, OrderOfAdapter, SeenDryRun, SeenObject, SeenWrite } from '../seen.ts';
import { at, canonical, listAt } from './routes.ts';

const FENCE = 'sluice.dev/fence';
const POOL_GROUP = 'inference.networking.k8s.io';
const MODELS = /^inferencemodels\./u;
const GKE_CONTROLLER = 'networking.gke.io/gateway';

/** As a timeline names the views of an alias in objects of a resource. */
export const viewResource = ({ resource, alias }: OrderOfAdapter): string => `${resource} of ${alias}`;

/** A rule for this name and no other. */
export const isRuleOf = (rule: unknown, alias: string): boolean => {
  const matches = listAt(rule, 'matches');
  return matches.length === 1 && at(matches[0], 'model', 'value') === alias;
};

/** Lists of targets, rule by rule as the object has them; undefined for a rule that is not the alias's, or has no list. */
export const targetLists = (
  object: SeenObject | null,
  { resource, alias }: OrderOfAdapter,
): readonly unknown[] => {
  if (object === null) return [];
  if (MODELS.test(resource))
    return at(object, 'spec', 'modelName') === alias ? [at(object, 'spec', 'targetModels')] : [undefined];
  return listAt(object, 'spec', 'rules').map((rule) =>
    isRuleOf(rule, alias) ? (at(rule, 'targets') ?? []) : undefined,
  );
};

const refsOf = (targets: unknown, adapter: OrderOfAdapter): readonly unknown[] => {
  const isModel = MODELS.test(adapter.resource);
  if (!Array.isArray(targets)) return isModel ? [refOf(adapter.alias, undefined)] : [];
  const isWeighed = targets.some((target) => at(target, 'weight') !== undefined);
  return targets.map((target) =>
    refOf(
      String(at(target, isModel ? 'name' : 'modelRewrite')),
      at(target, 'weight') ?? (isWeighed ? 0 : undefined),
    ),
  );
};

const refOf = (name: string, weight: unknown): unknown => ({
  group: POOL_GROUP,
  kind: 'InferencePool',
  name,
  ...(weight === undefined ? {} : { weight }),
});

const specs = new WeakMap<object, Map<string, unknown>>();

/** The same for the same spec: who changes nothing of it changes nothing of the view. */
const specOf = (object: SeenObject, adapter: OrderOfAdapter): unknown => {
  const spec = object['spec'];
  const known = typeof spec === 'object' && spec !== null ? spec : {};
  const views = specs.get(known) ?? new Map<string, unknown>();
  specs.set(known, views);
  const key = viewResource(adapter);
  const found = views.get(key) ?? {
    rules: targetLists(object, adapter).map((targets) => ({
      backendRefs: isOthers(object, targets, adapter) ? [] : refsOf(targets, adapter),
    })),
  };
  views.set(key, found);
  return found;
};

const isOthers = (object: SeenObject, targets: unknown, adapter: OrderOfAdapter): boolean =>
  targets === undefined &&
  (!MODELS.test(adapter.resource) || at(object, 'spec', 'modelName') !== adapter.alias);

const confirmedAt = (generation: number): unknown => ({
  parents: [
    {
      controllerName: GKE_CONTROLLER,
      conditions: ['Accepted', 'ResolvedRefs', 'Reconciled'].map((type) => ({
        type,
        status: 'True',
        observedGeneration: generation,
      })),
    },
  ],
});

/** The alias's part of an object as a route. */
export const viewOf = (object: SeenObject | null, adapter: OrderOfAdapter): SeenObject | null => {
  if (object === null) return null;
  const { annotations = {}, ...metadata } = object.metadata;
  const fence = annotations[adapter.fence];
  const others = Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.startsWith(FENCE)));
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...others, ...(fence === undefined ? {} : { [FENCE]: fence }) } },
    spec: specOf(object, adapter),
    status: confirmedAt(object.metadata.generation ?? 0),
  };
};

/** Adapters of orders by where they are looked for: rivals for one alias see the same. */
const byPlace = (
  orders: readonly Order[],
): ReadonlyMap<string, readonly (readonly [Order, OrderOfAdapter])[]> => {
  const found = new Map<string, (readonly [Order, OrderOfAdapter])[]>();
  const known = new Set<string>();
  for (const order of orders) {
    const { adapter, cluster, namespace } = order;
    if (adapter === undefined) continue;
    const place = `${cluster}|${namespace}|${adapter.resource}`;
    if (known.has(`${place}|${adapter.alias}`)) continue;
    known.add(`${place}|${adapter.alias}`);
    found.set(place, [...(found.get(place) ?? []), [order, adapter]]);
  }
  return found;
};

const placeOf = ({ cluster, namespace, resource }: SeenWrite | SeenDryRun): string =>
  `${cluster}|${namespace ?? ''}|${resource}`;

const changes = (before: SeenObject | null, after: SeenObject | null): boolean =>
  before === null ||
  after === null ||
  before.metadata.uid !== after.metadata.uid ||
  before.metadata.annotations?.[FENCE] !== after.metadata.annotations?.[FENCE] ||
  canonical(before['spec']) !== canonical(after['spec']);

/** Writes to carriers as writes to the views of each alias; those that change nothing of an alias's are none of it. */
export const viewWrites = (orders: readonly Order[], writes: readonly SeenWrite[]): readonly SeenWrite[] => {
  const places = byPlace(orders);
  if (places.size === 0) return [];
  return writes.flatMap((write) =>
    (places.get(placeOf(write)) ?? []).flatMap(([, adapter]) => {
      const before = viewOf(write.before, adapter);
      const after = viewOf(write.after, adapter);
      return changes(before, after) ? [{ ...write, resource: viewResource(adapter), before, after }] : [];
    }),
  );
};

export const viewDryRuns = (
  orders: readonly Order[],
  dryRuns: readonly SeenDryRun[],
): readonly SeenDryRun[] => {
  const places = byPlace(orders);
  if (places.size === 0) return [];
  return dryRuns.flatMap((dryRun) =>
    (places.get(placeOf(dryRun)) ?? []).map(([, adapter]) => ({
      ...dryRun,
      resource: viewResource(adapter),
      would: viewOf(dryRun.would, adapter),
    })),
  );
};
