/** What else would stop or disturb the rollout: rights, locks, incidents, objectives, rewrites, backend policies. */
import { RESOURCES } from '../kubernetes.ts';
import { canonicalJson } from '../spec/canonical.ts';
import { at, fieldsOf, itemsOf, numberAt, textAt } from './fields.ts';
import { finding, nameOf } from './findings.ts';
import { boundTo, objectiveMode } from './objectives.ts';
import type { Finding } from './plan.ts';
import type { Survey } from './survey.ts';

export const checkSurroundings = (survey: Survey): readonly Finding[] => [
  ...checkHindrances(survey),
  ...checkObjectives(survey),
  ...checkRewrites(survey),
  ...checkBackendPolicies(survey),
];

/** What would stop any rollout. */
export const checkHindrances = (survey: Survey): readonly Finding[] => [
  ...checkRights(survey),
  ...checkLocks(survey),
  ...checkIncidents(survey),
];

const checkRights = (survey: Survey): readonly Finding[] => {
  const { cluster, access, refusedReads } = survey.observed;
  return [
    ...refusedReads.map((read) =>
      finding('no-permission', `Cluster ${cluster}`, `${read.what} is refused with ${read.status}.`),
    ),
    ...access
      .filter((review) => !review.allowed)
      .map((review) =>
        finding(
          'no-permission',
          review.namespace === null ? `Cluster ${cluster}` : `Namespace ${review.namespace}`,
          `I may not ${review.verb} ${review.resource}${review.group === '' ? '' : `.${review.group}`}.`,
        ),
      ),
  ];
};

const checkLocks = (survey: Survey): readonly Finding[] =>
  survey.observed.locksHeld.map(({ key, holder }) =>
    finding('lock', `Rollout ${holder}`, `It works on ${key}.`),
  );

const checkIncidents = (survey: Survey): readonly Finding[] => {
  const watched = new Set(survey.spec.alerts.policies.map((policy) => policy.name));
  return survey.observed.openIncidents
    .filter((incident) => incident.state === 'open' && watched.has(incident.policy))
    .map((incident) =>
      finding(
        'open-incident',
        `AlertPolicy ${incident.policy}`,
        `Incident ${incident.incidentId} of "${incident.policyDisplayName}" is open.`,
      ),
    );
};

const checkObjectives = (survey: Survey): readonly Finding[] => {
  const bound = boundTo(survey.observed.objectives, survey.spec.namespace, survey.spec.from.pool);
  const weighty = bound.filter((objective) => (numberAt(objective, 'spec', 'priority') ?? 0) !== 0);
  if (weighty.length === 0) return [];
  const names = weighty.map((one) => `${one.metadata.name} (${numberAt(one, 'spec', 'priority') ?? 0})`);
  const sheddable = weighty.some((one) => (numberAt(one, 'spec', 'priority') ?? 0) < 0);
  const mode = objectiveMode(survey.spec.priorities, bound);
  const until = mode === 'flip' ? 'until they are flipped with the majority' : 'for the whole rollout';
  return [
    finding(
      'objectives-priorities',
      `${RESOURCES.inferenceObjective.kind} ${survey.spec.namespace}/*`,
      `The new pool serves the requests of ${names.sort().join(', ')} at priority 0 ${until}.`,
      sheddable ? 'W' : 'I',
    ),
  ];
};

const checkRewrites = (survey: Survey): readonly Finding[] => {
  const { rewrites } = survey.observed;
  const { namespace, from, to } = survey.spec;
  const twins = new Set(boundTo(rewrites, namespace, to.pool).map((twin) => rulesText(twin)));
  return boundTo(rewrites, namespace, from.pool)
    .filter((rewrite) => !changesNothing(rewrite) && !twins.has(rulesText(rewrite)))
    .map((rewrite) =>
      finding(
        'rewrite-present',
        nameOf(rewrite),
        `It rewrites model names for ${from.pool}, and ${to.pool} has no rewrite with the same rules.`,
      ),
    );
};

const rulesText = (rewrite: unknown): string => canonicalJson(at(rewrite, 'spec', 'rules') ?? []);

/** Harmless: every rule sends each name that it matches to itself. */
const changesNothing = (rewrite: unknown): boolean =>
  itemsOf(at(rewrite, 'spec', 'rules')).every((rule) => {
    const names = itemsOf(at(rule, 'matches')).map((match) => textAt(match, 'model', 'value'));
    const targets = itemsOf(at(rule, 'targets')).map((target) => textAt(target, 'modelRewrite'));
    return names.length === 1 && targets.every((target) => target === names[0]);
  });

const checkBackendPolicies = (survey: Survey): readonly Finding[] => {
  const { old, new: fresh, observed, spec } = survey;
  const found: Finding[] = [];
  for (const pool of [old.pool.name, fresh?.pool.name])
    for (const policy of observed.backendPolicies) {
      if (pool === undefined || textAt(policy, 'spec', 'targetRef', 'name') !== pool) continue;
      const type = textAt(policy, 'spec', 'default', 'sessionAffinity', 'type') ?? 'NONE';
      if (type !== 'NONE')
        found.push(
          finding('session-affinity', nameOf(policy), `Its sessionAffinity is ${type}, for pool ${pool}.`),
        );
    }
  if (drainingSec(survey) === null)
    found.push(
      finding(
        'drain',
        `${RESOURCES.inferencePool.kind} ${spec.namespace}/${old.pool.name}`,
        'No GCPBackendPolicy sets its connectionDraining.',
      ),
    );
  return found;
};

/** Draining time of the old pool's backend policy, seconds; null where none is set. */
export const drainingSec = (survey: Survey): number | null => {
  for (const policy of survey.observed.backendPolicies) {
    const target = fieldsOf(at(policy, 'spec', 'targetRef'));
    if (target['kind'] !== RESOURCES.inferencePool.kind || target['name'] !== survey.old.pool.name) continue;
    const seconds = numberAt(policy, 'spec', 'default', 'connectionDraining', 'drainingTimeoutSec');
    if (seconds !== null) return seconds;
  }
  return null;
};
