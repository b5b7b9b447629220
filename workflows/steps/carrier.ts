/**
 * An adapter's weights stand in an InferenceModelRewrite, or in an InferenceModel of older clusters. All else sees such an
 * object as an HTTPRoute whose backendRefs are the targets, so that shares, drift, the way back and their proofs are the
 * same for all types of rollout. Two things are translated here, and nowhere else:
 *
 *   viewOf      object as read ──► HTTPRoute with the rules of our alias; other rules are empty, indices stay
 *   realPatch   patch of the view ──► patch of the object: a changed list of targets is replaced whole, and tested before
 *
 * What the servers make of such objects (measured on a picker 1.5.0): a target without a weight beside one with a weight gets
 * nothing, and a weight of 0 is refused. So a share of 0 is an absent target, and as soon as one weight is written, all are.
 *
 * Several rollouts may write one object, each its own alias: our annotations carry the alias's hash there.
 */
import { applyPatch } from 'rfc6902';
import { InvariantError } from '../errors.ts';
import type { JsonPatch, JsonPatchOp, KubeObject } from '../kubernetes.ts';
import { RESOURCES } from '../kubernetes.ts';
import { at, itemsOf, numberAt, textAt } from '../plans/fields.ts';
import type { BackendRef, CarrierPlan, Plan, RoutePlan } from '../plans/plan.ts';
import { sha256Hex } from '../spec/canonical.ts';
import { BEFORE_ANNOTATION, FENCE_ANNOTATION, pointerKey } from './route-fence.ts';

/** What is read and written: an HTTPRoute, or the carrier's own resource. */
export const resourceOf = ({ carrier }: RoutePlan): typeof RESOURCES.httpRoute =>
  carrier === undefined
    ? RESOURCES.httpRoute
    : { group: carrier.group, version: carrier.version, plural: carrier.plural, kind: carrier.kind };

/** `HTTPRoute team/chat`, as findings and sentences name it. */
export const titleOf = (route: RoutePlan): string =>
  `${resourceOf(route).kind} ${route.namespace}/${route.name}`;

/** The plan with the uids of what this rollout has created since. */
export const withCreatedUids = (
  plan: Plan,
  created: readonly {
    readonly kind: string;
    readonly namespace: string | null;
    readonly name: string;
    readonly uid: string;
  }[],
): Plan =>
  plan.routes.every(({ carrier }) => carrier?.isCreated !== true)
    ? plan
    : {
        ...plan,
        routes: plan.routes.map((route) => {
          if (route.carrier?.isCreated !== true) return route;
          const found = created.find(
            ({ kind, namespace, name }) =>
              kind === route.carrier?.kind && namespace === route.namespace && name === route.name,
          );
          return found === undefined ? route : { ...route, uid: found.uid };
        }),
      };

/** Targets are seen as refs of pools: sides are told apart by group, kind and name. */
const { group: POOL_GROUP, kind: POOL_KIND } = RESOURCES.inferencePool;

export const targetRef = (name: string, weight?: number): BackendRef => ({
  group: POOL_GROUP,
  kind: POOL_KIND,
  name,
  ...(weight === undefined ? {} : { weight }),
});

/** The alias's rules as an HTTPRoute would have them. An HTTPRoute is its own view. */
export const viewOf = (object: KubeObject, route: RoutePlan): KubeObject => {
  const { carrier } = route;
  if (carrier === undefined) return object;
  const { annotations, ...metadata } = object.metadata;
  return {
    apiVersion: `${RESOURCES.httpRoute.group}/${RESOURCES.httpRoute.version}`,
    kind: RESOURCES.httpRoute.kind,
    metadata: {
      ...metadata,
      ...(annotations === undefined ? {} : { annotations: annotationsOfView(annotations, carrier) }),
    },
    spec: { rules: rulesOf(object, carrier).map((refs) => ({ backendRefs: refs })) },
  };
};

/** Refs by rule; empty for rules of other names. */
export const rulesOf = (object: KubeObject, carrier: CarrierPlan): readonly (readonly BackendRef[])[] =>
  isModel(carrier)
    ? [refsOf(at(object, 'spec', 'targetModels'), 'name') ?? [targetRef(carrier.alias)]]
    : itemsOf(at(object, 'spec', 'rules')).map((rule) =>
        isRuleOf(rule, carrier.alias) ? (refsOf(at(rule, 'targets'), 'modelRewrite') ?? []) : [],
      );

/** InferenceModel has one list for its one name. */
const isModel = ({ kind }: CarrierPlan): boolean => kind === 'InferenceModel';

/** A rule for this name alone; one that matches others too, or everything, is somebody else's. */
export const isRuleOf = (rule: unknown, alias: string): boolean => {
  const matches = itemsOf(at(rule, 'matches'));
  return matches.length === 1 && textAt(matches[0], 'model', 'value') === alias;
};

const refsOf = (targets: unknown, nameField: string): readonly BackendRef[] | null => {
  if (!Array.isArray(targets)) return null;
  const isWeighed = targets.some((target) => numberAt(target, 'weight') !== null);
  return targets.map((target) =>
    targetRef(
      textAt(target, nameField) ?? '',
      // Beside one with a weight it gets nothing.
      numberAt(target, 'weight') ?? (isWeighed ? 0 : undefined),
    ),
  );
};

/** A patch of the view as a patch of the object that was read. @throws InvariantError for a patch that is not of its view. */
export const realPatch = (object: KubeObject, route: RoutePlan, patch: JsonPatch): JsonPatch => {
  const { carrier } = route;
  if (carrier === undefined) return patch;
  const before = viewOf(object, route);
  const after = structuredClone(before) as KubeObject;
  const ofSpec = patch.filter(({ path }) => path.startsWith('/spec/'));
  const [failed] = applyPatch(after, structuredClone(ofSpec) as never).filter((one) => one !== null);
  if (failed !== undefined)
    throw new InvariantError('patch-of-no-view', `${titleOf(route)}: ${failed.message}`);
  const lists = itemsOf(at(after, 'spec', 'rules')).flatMap((rule, index) => {
    const refs = asItWas(itemsOf(at(rule, 'backendRefs')) as readonly BackendRef[], route);
    return sameRefs(refs, rulesOf(object, carrier)[index] ?? []) ? [] : listOps(object, carrier, index, refs);
  });
  return [...patch.filter((op) => !ofSpec.includes(op)).map((op) => withRealKeys(op, carrier)), ...lists];
};

/** What means the originals is written as they were: a way back may end before anything else restores them. */
const asItWas = (refs: readonly BackendRef[], { rules }: RoutePlan): readonly BackendRef[] =>
  rules.find(({ originals }) => meaningOf(originals) === meaningOf(refs))?.originals ?? refs;

const meaningOf = (refs: readonly BackendRef[]): string =>
  JSON.stringify(refs.filter(({ weight }) => weight !== 0).map(({ name, weight = 1 }) => [name, weight]));

const sameRefs = (a: readonly BackendRef[], b: readonly BackendRef[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** The whole list, tested as it was read: nobody's change since is lost. */
const listOps = (
  object: KubeObject,
  carrier: CarrierPlan,
  index: number,
  refs: readonly BackendRef[],
): readonly JsonPatchOp[] => {
  const stands = isModel(carrier)
    ? at(object, 'spec', 'targetModels')
    : at(itemsOf(at(object, 'spec', 'rules'))[index], 'targets');
  const path = isModel(carrier) ? '/spec/targetModels' : `/spec/rules/${index}/targets`;
  const value = targetsOf(refs, isModel(carrier) ? 'name' : 'modelRewrite');
  if (carrier.listWasAbsent && JSON.stringify(value) === JSON.stringify([{ name: carrier.alias }]))
    return stands === undefined
      ? []
      : [
          { op: 'test', path, value: stands },
          { op: 'remove', path },
        ];
  if (JSON.stringify(value) === JSON.stringify(stands)) return [];
  return stands === undefined
    ? [{ op: 'add', path, value }]
    : [
        { op: 'test', path, value: stands },
        { op: 'replace', path, value },
      ];
};

/** Explicit weights on all or on none; what gets nothing is not there. */
const targetsOf = (refs: readonly BackendRef[], nameField: string): readonly unknown[] => {
  const there = refs.filter(({ weight }) => weight !== 0);
  const isWeighed = there.some(({ weight }) => weight !== undefined);
  return there.map(({ name, weight }) => ({
    [nameField]: name,
    ...(isWeighed ? { weight: weight ?? 1 } : {}),
  }));
};

const OURS = [FENCE_ANNOTATION, BEFORE_ANNOTATION];

/** `sluice.dev/fence` of an alias, e.g. `sluice.dev/fence-1f0c9a2b`. */
export const annotationOf = (annotation: string, alias: string): string =>
  `${annotation}-${sha256Hex(alias).slice(0, 8)}`;

const annotationsOfView = (
  annotations: Readonly<Record<string, string>>,
  { alias }: CarrierPlan,
): Readonly<Record<string, string>> => {
  const view: Record<string, string> = {};
  for (const [key, value] of Object.entries(annotations)) if (!OURS.includes(key)) view[key] = value;
  for (const annotation of OURS) {
    const value = annotations[annotationOf(annotation, alias)];
    if (value !== undefined) view[annotation] = value;
  }
  return view;
};

const withRealKeys = (op: JsonPatchOp, { alias }: CarrierPlan): JsonPatchOp => {
  for (const annotation of OURS) {
    const path = `/metadata/annotations/${pointerKey(annotation)}`;
    if (op.path === path)
      return { ...op, path: `/metadata/annotations/${pointerKey(annotationOf(annotation, alias))}` };
  }
  if (op.path !== '/metadata/annotations' || op.op === 'remove' || op.value === null) return op;
  const value = Object.fromEntries(
    Object.entries(op.value as Readonly<Record<string, string>>).map(([key, text]) => [
      OURS.includes(key) ? annotationOf(key, alias) : key,
      text,
    ]),
  );
  return { ...op, value };
};
