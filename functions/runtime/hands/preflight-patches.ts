/** The two patches that preflight sends as a dry run: the way there, and the way back (`way-back`). */
import { type JsonPatch, type JsonPatchOp, RESOURCES } from '../../../workflows/kubernetes.ts';
import { type FoundRoute, type PoolName, refersTo } from '../../../workflows/plans/route-rules.ts';
import { FENCE_ANNOTATION } from '../../../workflows/steps/route-fence.ts';

/** `add` below `metadata/annotations` fails where there are no annotations: then the map is added. */
const annotate = (route: FoundRoute): JsonPatchOp =>
  route.object.metadata.annotations === undefined
    ? { op: 'add', path: '/metadata/annotations', value: { [FENCE_ANNOTATION]: 'preflight' } }
    : { op: 'add', path: `/metadata/annotations/${FENCE_ANNOTATION.replace('/', '~1')}`, value: 'preflight' };

const same = (route: FoundRoute): JsonPatchOp => ({
  op: 'test',
  path: '/metadata/uid',
  value: route.object.metadata.uid,
});

/** Adds the new pool with weight 0 to every rule that names the old one. */
export const attachPatch = (route: FoundRoute, fresh: PoolName): JsonPatch => [
  same(route),
  annotate(route),
  ...route.rules
    .filter((rule) => !rule.refs.some((ref) => refersTo(ref, route.namespace, fresh)))
    .map((rule): JsonPatchOp => {
      const { group, kind } = RESOURCES.inferencePool;
      const namespace = fresh.namespace === route.namespace ? {} : { namespace: fresh.namespace };
      return {
        op: 'add',
        path: `/spec/rules/${rule.index}/backendRefs/-`,
        value: { group, kind, name: fresh.name, ...namespace, weight: 0 },
      };
    }),
];

/** Puts the backendRefs of those rules back as they are now. */
export const wayBackPatch = (route: FoundRoute): JsonPatch => [
  same(route),
  annotate(route),
  ...route.rules.map(
    (rule): JsonPatchOp => ({
      op: 'replace',
      path: `/spec/rules/${rule.index}/backendRefs`,
      value: rule.refs,
    }),
  ),
];
