/** Who else refers to a pool: asked before anything of it is deleted (protocol P6). */
import {
  type KubeObject,
  type KubeResource,
  type ObjectIdentity,
  RESOURCES,
} from '../../../workflows/kubernetes.ts';
import { finding, nameOf } from '../../../workflows/plans/findings.ts';
import { boundTo } from '../../../workflows/plans/objectives.ts';
import type { Finding, Plan } from '../../../workflows/plans/plan.ts';
import { mentionsPool } from '../../../workflows/plans/route-rules.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { all } from '../all.ts';
import { discover, discovered, isServed, listAll, type Reading } from './gather-lists.ts';

export type References =
  | { readonly kind: 'known'; readonly findings: readonly Finding[] }
  | { readonly kind: 'unknown'; readonly why: string };

/** Routes of all namespaces, objectives and rewrites that refer to the side's pool; those that go as well do not count. */
export const findReferences = async (
  ports: Ports,
  plan: Plan,
  side: 'old' | 'new',
  going: readonly ObjectIdentity[],
): Promise<References> => {
  const { cluster, namespace } = plan;
  const name = side === 'old' ? plan.old.pool : plan.new.pool;
  const reading: Reading = { ports, cluster, namespace, lost: [], refused: [] };
  const served = await discover(reading);
  const list = (resource: KubeResource | null): Promise<readonly KubeObject[]> =>
    resource !== null && isServed(served, resource) ? listAll(reading, resource, null) : Promise.resolve([]);
  const [routes, objectives, rewrites] = await all([
    list(RESOURCES.httpRoute),
    list(discovered(served, RESOURCES.inferenceObjective)),
    list(discovered(served, RESOURCES.inferenceModelRewrite)),
  ]);
  const [lost] = reading.lost;
  if (lost !== undefined) return { kind: 'unknown', why: lost };
  const uids = new Set(going.map((identity) => identity.uid));
  const found = [
    ...routes.filter((route) => mentionsPool(route, { namespace, name })),
    ...boundTo(objectives, namespace, name),
    ...boundTo(rewrites, namespace, name),
  ].filter((object) => !uids.has(object.metadata.uid ?? ''));
  const findings = found.map((object) =>
    finding(
      'still-referenced',
      `${RESOURCES.inferencePool.kind} ${namespace}/${name}`,
      `${nameOf(object)} refers to it.`,
    ),
  );
  // Who may not look cannot know that nothing refers to it.
  const unseen = reading.refused.map((read) =>
    finding(
      'still-referenced',
      `${RESOURCES.inferencePool.kind} ${namespace}/${name}`,
      `Whether it is referred to is not known: ${read.what} is refused with ${read.status}.`,
    ),
  );
  return { kind: 'known', findings: [...findings, ...unseen] };
};
