/** What the pods of an adapter's pools serve, and what they would need for one adapter more. */
import { RESOURCES } from '../kubernetes.ts';
import { adapterOf } from './adapter-carriers.ts';
import { finding } from './findings.ts';
import { isPodReady } from './inference-pool.ts';
import type { ServedModel } from './observed-cluster.ts';
import type { Finding } from './plan.ts';
import type { Side, Survey } from './survey.ts';

export interface ServingPod {
  readonly pod: string;
  readonly models: readonly ServedModel[] | null;
  /** null: it did not say. */
  readonly names: ReadonlySet<string> | null;
}

/** Ready pods of a pool, by name. */
export const servedByPods = ({ observed }: Survey, side: Side): readonly ServingPod[] => {
  const answers = new Map(observed.oldModels.map(({ pod, models }) => [pod, models]));
  return side.pods
    .filter(isPodReady)
    .map(({ metadata: { name } }) => {
      const models = answers.get(name) ?? null;
      return { pod: name, models, names: models === null ? null : new Set(models.map(({ id }) => id)) };
    })
    .sort((a, b) => (a.pod < b.pod ? -1 : 1));
};

export const checkServed = (survey: Survey, side: Side): readonly Finding[] => {
  const { from, to } = adapterOf(survey);
  const pool = `${RESOURCES.inferencePool.kind} ${survey.spec.namespace}/${side.pool.name}`;
  const pods = servedByPods(survey, side);
  const silent = pods.filter(({ names }) => names === null);
  const lacking = (name: string): readonly string[] =>
    pods.filter(({ names }) => names?.has(name) === false).map(({ pod }) => pod);
  const found: Finding[] = [];
  if (silent.length > 0 || pods.length === 0)
    found.push(
      finding(
        'names-unknown',
        pool,
        `${silent.length} of ${pods.length} ready pods did not answer GET /v1/models.`,
      ),
    );
  const without = lacking(from);
  if (without.length > 0)
    found.push(finding('adapter-not-served', pool, `${sayPods(without)} without ${from}.`));
  if (to.load === 'loaded') {
    const missing = lacking(to.name);
    if (missing.length > 0)
      found.push(finding('adapter-not-loaded', pool, `${sayPods(missing)} without ${to.name}.`));
  }
  return [...found, ...checkRoots(survey, pool, pods)];
};

const NAMED_MAX = 3;

const sayPods = (pods: readonly string[]): string => {
  const named = pods.slice(0, NAMED_MAX).join(', ');
  const rest = pods.length - NAMED_MAX;
  return `${pods.length === 1 ? 'Pod' : 'Pods'} ${named}${rest > 0 ? ` and ${rest} more` : ''} ${pods.length === 1 ? 'is' : 'are'}`;
};

/** The new version is loaded already: is it the one of the file? */
const checkRoots = (survey: Survey, pool: string, pods: readonly ServingPod[]): readonly Finding[] => {
  const { to } = adapterOf(survey);
  const other = pods.flatMap(({ pod, models }) => {
    const root = models?.find(({ id }) => id === to.name)?.root ?? null;
    return root === null || root === to.source ? [] : [{ pod, root }];
  })[0];
  if (other === undefined) return [];
  const what = `Pod ${other.pod} serves ${to.name} from ${other.root}, the file says ${to.source}.`;
  // What is loaded by others is theirs to name; what we would load is not what is there.
  return [finding('adapter-source-differs', pool, what, to.load === 'loaded' ? 'I' : 'W')];
};
