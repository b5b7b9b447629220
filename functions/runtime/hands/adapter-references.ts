/** Who names a version of an adapter: asked before it is unloaded, since its requests would be answered 404 (protocol P6). */
import { type KubeObject, type KubeResource, RESOURCES } from '../../../workflows/kubernetes.ts';
import { at, itemsOf, textAt } from '../../../workflows/plans/fields.ts';
import { finding, nameOf } from '../../../workflows/plans/findings.ts';
import type { AdapterPlan, Finding, Plan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { annotationOf } from '../../../workflows/steps/carrier.ts';
import { BEFORE_ANNOTATION } from '../../../workflows/steps/route-fence.ts';
import { all } from '../all.ts';
import type { References } from './find-references.ts';
import { discover, discovered, isServed, listAll, type Reading } from './gather-lists.ts';

/** Rewrites and models of the namespace whose targets name it now, or would again if another rollout went back. */
export const adapterReferences = async (
  ports: Ports,
  plan: Plan & { readonly adapter: AdapterPlan },
  name: string,
): Promise<References> => {
  const { cluster, namespace, adapter } = plan;
  const reading: Reading = { ports, cluster, namespace, lost: [], refused: [] };
  const served = await discover(reading);
  const list = (resource: KubeResource | null): Promise<readonly KubeObject[]> =>
    resource !== null && isServed(served, resource)
      ? listAll(reading, resource, namespace)
      : Promise.resolve([]);
  const lists = await all([
    list(discovered(served, RESOURCES.inferenceModelRewrite)),
    list(discovered(served, RESOURCES.inferenceModel)),
  ]);
  const [lost] = reading.lost;
  if (lost !== undefined) return { kind: 'unknown', why: lost };
  const ours = annotationOf(BEFORE_ANNOTATION, adapter.alias);
  const named = lists
    .flat()
    .filter((object) => targetsOf(object).includes(name) || isBefore(object, ours, name));
  return {
    kind: 'known',
    findings: [
      ...named.map((object) => inUse(name, `${nameOf(object)} names it.`)),
      // Who may not look cannot know that nothing names it.
      ...reading.refused.map(({ what, status }) =>
        inUse(name, `Whether it is named is not known: ${what} is refused with ${status}.`),
      ),
    ],
  };
};

const inUse = (name: string, what: string): Finding => finding('adapter-in-use', `Adapter ${name}`, what);

/** A model without targets is its own. */
const targetsOf = (object: KubeObject): readonly (string | null)[] =>
  object.kind === RESOURCES.inferenceModel.kind
    ? Array.isArray(at(object, 'spec', 'targetModels'))
      ? itemsOf(at(object, 'spec', 'targetModels')).map((target) => textAt(target, 'name'))
      : [textAt(object, 'spec', 'modelName')]
    : itemsOf(at(object, 'spec', 'rules')).flatMap((rule) =>
        itemsOf(at(rule, 'targets')).map((target) => textAt(target, 'modelRewrite')),
      );

/** What a rollout of another alias would restore. */
const isBefore = (object: KubeObject, ours: string, name: string): boolean =>
  Object.entries(object.metadata.annotations ?? {}).some(
    ([key, value]) =>
      key.startsWith(BEFORE_ANNOTATION) && key !== ours && value.includes(JSON.stringify(name)),
  );
