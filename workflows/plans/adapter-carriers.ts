/**
 * What carries an adapter's weights in a pool: the rule for the name that clients ask for, in an InferenceModelRewrite of
 * that pool or in an InferenceModel of older clusters. Where there is no such rule, a rewrite is created.
 *
 * Pickers go by the oldest object with an exact match, then by the order of its rules; a rule that matches everything comes
 * last. So the rule that answers today is the one to edit: a second object would be ignored in silence.
 */

import { applyPatch } from 'rfc6902';
import { must } from '../assert.ts';
import { type JsonPatch, type KubeObject, type KubeResource, RESOURCES } from '../kubernetes.ts';
import { sha256Hex } from '../spec/canonical.ts';
import { annotationOf, isRuleOf, realPatch, targetRef, viewOf } from '../steps/carrier.ts';
import { type PlannedRules, planRules } from '../steps/plan-rules.ts';
import { rollbackPatch } from '../steps/rollback-patch.ts';
import { BEFORE_ANNOTATION, FENCE_ANNOTATION } from '../steps/route-fence.ts';
import { weightsPatch } from '../steps/traffic-patch.ts';
import { type Sides, TARGET_WEIGHT_MAX } from '../steps/traffic-weights.ts';
import { at, itemsOf, numberAt, textAt } from './fields.ts';
import { boundTo } from './objectives.ts';
import type { ObjectPlan, RoutePlan } from './plan.ts';
import { withIntent } from './plan-create.ts';
import { splitApiVersion } from './resolve-resource.ts';
import type { Side, Survey } from './survey.ts';

export type FoundCarrier =
  /** `later`: newer objects with a rule for the name, which pickers ignore. */
  | {
      readonly kind: 'edited';
      readonly route: RoutePlan;
      readonly object: KubeObject;
      readonly rules: PlannedRules;
      readonly later: readonly KubeObject[];
    }
  | { readonly kind: 'created'; readonly route: RoutePlan; readonly object: ObjectPlan }
  /** The cluster serves neither of the resources. */
  | { readonly kind: 'unserved' }
  /** A cluster with InferenceModels, and none for the name. */
  | { readonly kind: 'modelMissing' }
  /** A rule that matches other names too answers today. */
  | {
      readonly kind: 'foreign';
      readonly object: KubeObject;
      readonly rule: number;
      readonly names: readonly string[];
    }
  /** Nobody can tell which of the objects pickers go by. */
  | { readonly kind: 'ambiguous'; readonly objects: readonly KubeObject[] }
  | { readonly kind: 'mixedWeights'; readonly object: KubeObject; readonly rule: number };

export const adapterOf = ({ spec }: Survey): NonNullable<typeof spec.adapter> =>
  must(spec.adapter, 'adapter of an adapter rollout');

export const sidesOfAdapter = (survey: Survey): Sides => {
  const { from, to } = adapterOf(survey);
  return {
    namespace: survey.spec.namespace,
    oldPool: from,
    newPool: to.name,
    weightMax: TARGET_WEIGHT_MAX,
  };
};

/** The carrier of one pool. */
export const carrierOf = (survey: Survey, side: Side): FoundCarrier => {
  const { rewriteResource, adapter } = survey.observed;
  if (rewriteResource !== null) return rewriteOf(survey, side, rewriteResource);
  return (adapter?.modelResource ?? null) === null ? { kind: 'unserved' } : modelOf(survey, side);
};

const rewriteOf = (survey: Survey, side: Side, resource: KubeResource): FoundCarrier => {
  const { alias } = adapterOf(survey);
  const bound = byAge(boundTo(survey.observed.rewrites, survey.spec.namespace, side.pool.name));
  const [first, ...later] = bound.filter((object) => exactRules(object, alias).length > 0);
  const group = groupOf(bound, side, resource, survey.observed.served);
  if (first === undefined) return catchAll(bound) ?? newRewrite(survey, side, group);
  const [second] = later;
  if (second !== undefined && (isSameAge(first, second) || groupName(first) !== groupName(second)))
    return { kind: 'ambiguous', objects: [first, ...later] };
  const [index = 0] = exactRules(first, alias);
  const rule = itemsOf(at(first, 'spec', 'rules'))[index];
  if (!isRuleOf(rule, alias)) return { kind: 'foreign', object: first, rule: index, names: namesOf(rule) };
  const mixed = itemsOf(at(first, 'spec', 'rules')).findIndex(
    (one) => isRuleOf(one, alias) && isMixed(at(one, 'targets')),
  );
  if (mixed >= 0) return { kind: 'mixedWeights', object: first, rule: mixed };
  return edited(survey, side, { object: first, resource: resourceOfObject(first, resource), later });
};

const modelOf = (survey: Survey, side: Side): FoundCarrier => {
  const { adapter, served: _served } = survey.observed;
  const { alias } = adapterOf(survey);
  const ofAlias = byAge(
    (adapter?.models ?? []).filter(
      (object) =>
        object.metadata.namespace === survey.spec.namespace &&
        textAt(object, 'spec', 'poolRef', 'name') === side.pool.name &&
        textAt(object, 'spec', 'modelName') === alias,
    ),
  );
  const [first, ...later] = ofAlias;
  if (first === undefined) return { kind: 'modelMissing' };
  const [second] = later;
  if (second !== undefined && isSameAge(first, second)) return { kind: 'ambiguous', objects: ofAlias };
  if (isMixed(at(first, 'spec', 'targetModels'))) return { kind: 'mixedWeights', object: first, rule: 0 };
  return edited(survey, side, { object: first, resource: RESOURCES.inferenceModel, later });
};

const edited = (
  survey: Survey,
  side: Side,
  found: {
    readonly object: KubeObject;
    readonly resource: KubeResource;
    readonly later: readonly KubeObject[];
  },
): FoundCarrier => {
  const { object, resource, later } = found;
  const sides = sidesOfAdapter(survey);
  const route: RoutePlan = {
    carrier: {
      ...resource,
      pool: side.pool.name,
      alias: adapterOf(survey).alias,
      isCreated: false,
      listWasAbsent:
        resource.kind === RESOURCES.inferenceModel.kind && at(object, 'spec', 'targetModels') === undefined,
    },
    namespace: survey.spec.namespace,
    name: object.metadata.name,
    uid: object.metadata.uid ?? '',
    gateways: [],
    rules: [],
  };
  const rules = planRules(itemsOf(at(viewOf(object, route), 'spec', 'rules')), route.namespace, sides);
  const planned = rules.kind === 'planned' ? { ...route, rules: rules.rules } : route;
  return { kind: 'edited', route: planned, object, rules, later };
};

/** A new object with one rule, which sends the name where `from` is: nothing changes by it but that the name is known. */
const newRewrite = (survey: Survey, side: Side, resource: KubeResource): FoundCarrier => {
  const { alias, from } = adapterOf(survey);
  const { namespace } = survey.spec;
  const name = freeName(survey, side, alias);
  const { group, version, plural, kind } = resource;
  return {
    kind: 'created',
    route: {
      carrier: { ...resource, pool: side.pool.name, alias, isCreated: true, listWasAbsent: false },
      namespace,
      name,
      uid: '',
      gateways: [],
      rules: [{ index: 0, originals: [targetRef(from, 1)], newRefWasThere: false }],
    },
    object: {
      stage: 'cheap',
      group,
      version,
      plural,
      namespace,
      object: withIntent({
        apiVersion: `${group}/${version}`,
        kind,
        metadata: { name, namespace },
        spec: {
          poolRef: {
            group: RESOURCES.inferencePool.group,
            kind: RESOURCES.inferencePool.kind,
            name: side.pool.name,
          },
          rules: [
            {
              matches: [{ model: { type: 'Exact', value: alias } }],
              targets: [{ modelRewrite: from, weight: 1 }],
            },
          ],
        },
      }),
    },
  };
};

const NAME_MAX = 63;

/** Named after what it is, for it stays as the alias; with a hash where that says too little or is taken. */
const freeName = (survey: Survey, side: Side, alias: string): string => {
  const plain = `${alias}-${side.pool.name}`;
  const slug = plain
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replaceAll(/^-+|-+$/gu, '');
  const isTaken = survey.observed.rewrites.some(
    ({ metadata }) => metadata.namespace === survey.spec.namespace && metadata.name === slug,
  );
  if (slug === plain && slug.length <= NAME_MAX && !isTaken) return slug;
  return `${slug.slice(0, NAME_MAX - 9)}-${sha256Hex(plain).slice(0, 8)}`.replaceAll(/-{2,}/gu, '-');
};

/** Everything that matches is rewritten by it as long as nothing names the alias; a rule of ours would take that away. */
const catchAll = (bound: readonly KubeObject[]): FoundCarrier | null => {
  for (const object of bound)
    for (const [rule, one] of itemsOf(at(object, 'spec', 'rules')).entries())
      if (itemsOf(at(one, 'matches')).length === 0) return { kind: 'foreign', object, rule, names: [] };
  return null;
};

const namesOf = (rule: unknown): readonly string[] =>
  itemsOf(at(rule, 'matches')).map((match) => textAt(match, 'model', 'value') ?? '?');

/** Indices of the rules that match the name, alone or among others. */
export const exactRules = (object: KubeObject, alias: string): readonly number[] =>
  itemsOf(at(object, 'spec', 'rules')).flatMap((rule, index) =>
    namesOf(rule).includes(alias) ? [index] : [],
  );

/** Some with a weight, some without: the latter get nothing today, and would by any write of ours. */
const isMixed = (targets: unknown): boolean => {
  const weighed = itemsOf(targets).filter((target) => numberAt(target, 'weight') !== null).length;
  return weighed > 0 && weighed < itemsOf(targets).length;
};

const ageOf = (object: KubeObject): string => object.metadata.creationTimestamp ?? '';

const byAge = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  objects.toSorted((a, b) => compare(ageOf(a), ageOf(b)) || compare(a.metadata.name, b.metadata.name));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isSameAge = (a: KubeObject, b: KubeObject): boolean => ageOf(a) === ageOf(b);

const groupName = (object: KubeObject): string => splitApiVersion(object.apiVersion).group;

const resourceOfObject = (object: KubeObject, resource: KubeResource): KubeResource => ({
  ...resource,
  ...splitApiVersion(object.apiVersion),
});

/** Which of two served groups the pool's picker reads: that of its other rewrites, else the one of the picker's maker. */
const groupOf = (
  bound: readonly KubeObject[],
  side: Side,
  resource: KubeResource,
  served: Readonly<Record<string, readonly string[]>>,
): KubeResource => {
  const [other] = bound;
  if (other !== undefined) return resourceOfObject(other, resource);
  const older = RESOURCES.inferenceModelRewrite;
  const isServed = served[`${older.group}/${older.version}`]?.includes(older.plural) === true;
  return isServed && imagesOf(side).some((image) => image.includes('gateway-api-inference-extension'))
    ? older
    : resource;
};

/** Images of the pool's pickers. */
export const imagesOf = (side: Side): readonly string[] =>
  side.pickerWorkloads.flatMap((workload) =>
    itemsOf(at(workload, 'spec', 'template', 'spec', 'containers')).flatMap(
      (container) => textAt(container, 'image') ?? [],
    ),
  );

/**
 * Both writes on an object that stands at its originals, for a dry run: the one that gives the new version a first share,
 * and the one that takes it back. What the second would find is not there yet, so that it tests no targets.
 */
export const carrierPatches = (
  object: KubeObject,
  route: RoutePlan,
  { sides, sharePercent }: { readonly sides: Sides; readonly sharePercent: number },
): { readonly there: JsonPatch; readonly back: JsonPatch } => {
  const order = { plan: route, sides, fenceValue: 'preflight' };
  const view = viewOf(object, route);
  const there = realPatch(object, route, weightsPatch({ ...order, route: view, sharePercent }));
  const moved = structuredClone(object) as KubeObject;
  applyPatch(moved, structuredClone(there) as never);
  const backOfView = rollbackPatch({ ...order, route: viewOf(moved, route), sharePercent: 0 });
  const keys = [FENCE_ANNOTATION, BEFORE_ANNOTATION].map((key) =>
    annotationOf(key, route.carrier?.alias ?? ''),
  );
  const annotations = object.metadata.annotations ?? null;
  const back = realPatch(moved, route, backOfView)
    .filter(({ op, path }) => op !== 'test' || path === '/metadata/uid')
    // The annotations that the first write leaves are not there yet either.
    .filter(({ op, path }) => op !== 'remove' || !keys.some((key) => path.endsWith(key.replace('/', '~1'))))
    .filter(({ op, path }) => op !== 'remove' || path.startsWith('/metadata/'))
    // Nor is the list of a model that has none; adding to one that is there replaces it as well.
    .map((op) => (op.op === 'replace' ? { ...op, op: 'add' as const } : op));
  return {
    // Status writers bump the version between the read and the dry run.
    there: there.filter(({ path }) => path !== '/metadata/resourceVersion'),
    back: annotations === null ? [{ op: 'add', path: '/metadata/annotations', value: {} }, ...back] : back,
  };
};
