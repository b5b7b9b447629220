/** The objects of `source: manifests`: complete, acceptable, not taken. */
import { type KubeObject, RESOURCES } from '../kubernetes.ts';
import { sayAnswer } from './check-routes.ts';
import { selects } from './fields.ts';
import { finding, nameOf } from './findings.ts';
import { templateLabels } from './inference-pool.ts';
import type { Finding } from './plan.ts';
import { resolveResource } from './resolve-resource.ts';
import { explainSampleManifest } from './sample-manifest.ts';
import type { Survey } from './survey.ts';

export const checkManifests = (survey: Survey): readonly Finding[] => {
  if (survey.spec.to.source.kind !== 'manifests') return [];
  return [
    ...survey.manifests.flatMap((object, index) => checkObject(survey, object, index)),
    ...checkDoubles(survey),
    ...checkWorkloads(survey),
  ];
};

/** Kinds that Sluice will not create, and why. */
const REFUSED_KINDS: ReadonlyMap<string, string> = new Map([
  ['Secret', 'secrets never travel through Sluice; create it beforehand'],
  ['HTTPRoute', 'Sluice finds the routes of the old pool and edits their weights; it creates none'],
  ['Gateway', 'Sluice creates no Gateway'],
  ['Namespace', 'the namespace must exist'],
  ['CustomResourceDefinition', 'the API must be served already'],
  ['Pod', 'pods are made by a Deployment'],
]);

const checkObject = (survey: Survey, object: KubeObject, index: number): readonly Finding[] => {
  const resolved = resolveResource(object, survey.observed.served);
  const name = nameOf(object, resolved?.namespaced === false ? undefined : survey.spec.namespace);
  const sample = explainSampleManifest(object, survey.spec.namespace);
  if (sample !== null) return [sample];
  const refused = REFUSED_KINDS.get(object.kind);
  if (refused !== undefined)
    return [finding('manifest-invalid', name, `A ${object.kind} in the manifests: ${refused}.`)];
  if (resolved === null)
    return [
      finding('manifest-invalid', name, `The cluster serves no ${object.kind} of ${object.apiVersion}.`),
    ];
  if (object.kind === RESOURCES.inferencePool.kind && object.metadata.namespace !== survey.spec.namespace)
    return [finding('cross-namespace', name, `The rollout's namespace is ${survey.spec.namespace}.`)];
  return checkDryRun(survey, name, index);
};

const checkDryRun = (survey: Survey, name: string, index: number): readonly Finding[] => {
  const answer = survey.observed.createDryRuns.find((one) => one.index === index)?.answer;
  if (answer === undefined || answer.status < 300) return [];
  if (answer.status === 409) return [finding('name-taken', name, 'An object of this name exists already.')];
  if (answer.status === 403)
    return [finding('no-permission', name, `I may not create it: ${sayAnswer(answer)}.`)];
  return [finding('manifest-invalid', name, `The API server refuses it: ${sayAnswer(answer)}.`)];
};

const checkDoubles = (survey: Survey): readonly Finding[] => {
  const seen = new Set<string>();
  const found: Finding[] = [];
  for (const object of survey.manifests) {
    const key = `${object.apiVersion} ${nameOf(object)}`;
    if (seen.has(key))
      found.push(finding('manifest-invalid', nameOf(object), 'The manifests contain it twice.'));
    seen.add(key);
  }
  return found;
};

const checkWorkloads = (survey: Survey): readonly Finding[] => {
  const side = survey.new;
  if (side === null) return [];
  const odd = survey.manifests.filter(
    (object) =>
      object.kind !== RESOURCES.deployment.kind && selects(side.pool.selector, templateLabels(object)),
  );
  if (odd.length > 0)
    return odd.map((object) =>
      finding(
        'manifest-invalid',
        nameOf(object),
        `Model servers as ${object.kind} are not in this version; only Deployments are.`,
      ),
    );
  if (side.workloads.length > 0) return [];
  const selector = Object.entries(side.pool.selector).map(([key, value]) => `${key}=${value}`);
  return [
    finding(
      'manifest-workload-missing',
      nameOf(side.pool.object),
      `No Deployment of the manifests makes pods with ${selector.join(',')}.`,
    ),
  ];
};
