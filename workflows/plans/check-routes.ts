/** Routes, rules, gateways, the way there and the way back. */
import { type KubeObject, RESOURCES } from '../kubernetes.ts';
import { confirmation, gatewayHealth } from '../steps/gateway-status.ts';
import { planRules } from '../steps/plan-rules.ts';
import { BEFORE_BYTES_MAX, beforeBytes } from '../steps/route-fence.ts';
import { at, itemsOf, textAt } from './fields.ts';
import { finding, nameOf } from './findings.ts';
import { ownerOf } from './git-owners.ts';
import type { DryRunAnswer } from './observed-cluster.ts';
import type { Finding, RulePlan } from './plan.ts';
import { type FoundRoute, type GatewayName, gatewaysOf } from './route-rules.ts';
import { explainSampleManifest } from './sample-manifest.ts';
import type { Survey } from './survey.ts';

/** Room for `sluice.dev/before`: all annotations of an object together may take 256 KiB. */
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

export const checkRoutes = (survey: Survey): readonly Finding[] => [
  ...checkTraffic(survey),
  ...survey.routes.flatMap((route) => checkRoute(survey, route)),
];

/** Traffic comes to the old pool. */
export const checkTraffic = (survey: Survey): readonly Finding[] => {
  const { routes, spec } = survey;
  const pool = `${RESOURCES.inferencePool.kind} ${spec.namespace}/${spec.from.pool}`;
  if (routes.length === 0)
    return [
      finding('routes-none', pool, `No HTTPRoute of any namespace names ${spec.from.pool} in a backendRef.`),
    ];
  if (movingRoutes(survey).length > 0) return [];
  return [finding('no-old-traffic', pool, 'Its weight is 0 in every rule that names it.')];
};

/** Routes with a rule that gives the old pool a part, and only those rules. */
export const movingRoutes = (survey: Survey): readonly FoundRoute[] =>
  survey.routes
    .map((route) => ({ ...route, rules: route.rules.filter((rule) => rule.oldWeight > 0) }))
    .filter((route) => route.rules.length > 0);

const checkRoute = (survey: Survey, route: FoundRoute): readonly Finding[] => {
  const object = nameOf(route.object);
  const found: Finding[] = [];
  const sample = explainSampleManifest(route.object);
  if (sample !== null) found.push(sample);
  const idle = route.rules.filter((rule) => rule.oldWeight === 0);
  if (idle.length > 0 && survey.spec.retention.retire === 'delete')
    found.push(
      finding(
        'zero-weight-ref',
        object,
        `Rule ${idle.map((rule) => rule.index).join(', ')} names ${survey.spec.from.pool} with weight 0.`,
      ),
    );
  if (idle.length === route.rules.length) return found;
  return [
    ...found,
    ...checkSplit(survey, route),
    ...checkNamespace(survey, route),
    ...checkGateways(survey, route),
    ...checkDryRuns(survey, route),
    ...checkBefore(
      route.object,
      route.rules.map((rule) => ({ index: rule.index, originals: rule.refs, newRefWasThere: false })),
    ),
    ...checkOwner(route.object),
  ];
};

const checkSplit = (survey: Survey, route: FoundRoute): readonly Finding[] => {
  const { namespace, from, to } = survey.spec;
  // One pool for both sides is a finding of its own.
  if (to.pool === from.pool) return [];
  const sides = { namespace, oldPool: from.pool, newPool: to.pool };
  const planned = planRules(itemsOf(at(route.object, 'spec', 'rules')), route.namespace, sides);
  if (planned.kind !== 'alreadySplit') return [];
  return [
    finding(
      'already-split',
      nameOf(route.object),
      `Rule ${planned.rule} gives ${to.pool} the weight ${planned.weight}.`,
    ),
  ];
};

const checkNamespace = (survey: Survey, route: FoundRoute): readonly Finding[] => {
  const { namespace, to } = survey.spec;
  if (route.namespace === namespace) return [];
  const granted = survey.observed.referenceGrants.some(
    (grant) =>
      grant.metadata.namespace === namespace &&
      itemsOf(at(grant, 'spec', 'from')).some(
        (from) =>
          textAt(from, 'kind') === RESOURCES.httpRoute.kind && textAt(from, 'namespace') === route.namespace,
      ) &&
      itemsOf(at(grant, 'spec', 'to')).some(
        (target) =>
          textAt(target, 'kind') === RESOURCES.inferencePool.kind &&
          (textAt(target, 'name') ?? to.pool) === to.pool,
      ),
  );
  if (granted) return [];
  return [
    finding(
      'cross-namespace',
      nameOf(route.object),
      `No ReferenceGrant in ${namespace} lets routes of ${route.namespace} refer to InferencePool ${to.pool}.`,
    ),
  ];
};

const isGke = (gateway: KubeObject): boolean =>
  (textAt(gateway, 'spec', 'gatewayClassName') ?? '').startsWith('gke-');

/** Gateways of the route whose status counts for confirmation: those of a GKE class. */
export const gkeGateways = (gateways: readonly KubeObject[], route: KubeObject): readonly GatewayName[] =>
  gatewaysOf(route).filter((parent) => {
    const gateway = findGateway(gateways, parent);
    return gateway !== undefined && isGke(gateway);
  });

const findGateway = (gateways: readonly KubeObject[], wanted: GatewayName): KubeObject | undefined =>
  gateways.find(
    (gateway) => gateway.metadata.name === wanted.name && gateway.metadata.namespace === wanted.namespace,
  );

/** The Gateways that bring the route's traffic. */
export const checkParents = (survey: Survey, route: FoundRoute): readonly Finding[] => {
  const found: Finding[] = [];
  for (const parent of gatewaysOf(route.object)) {
    const gateway = findGateway(survey.observed.gateways, parent);
    const object = `${RESOURCES.gateway.kind} ${parent.namespace}/${parent.name}`;
    if (gateway === undefined) {
      found.push(
        finding(
          'gateway-unhealthy',
          object,
          `${nameOf(route.object)} names it as parent, but it does not exist.`,
        ),
      );
      continue;
    }
    const health = gatewayHealth(gateway);
    if (health.kind === 'unhealthy') found.push(finding('gateway-unhealthy', object, `${health.sentence}.`));
  }
  return found;
};

const checkGateways = (survey: Survey, route: FoundRoute): readonly Finding[] => {
  const found = checkParents(survey, route);
  const gateways = gkeGateways(survey.observed.gateways, route.object);
  if (gateways.length === 0)
    return [
      ...found,
      finding('no-gke-gateway', nameOf(route.object), 'None of its parents is a Gateway of a gke class.'),
    ];
  const { namespace, name } = route;
  const said = confirmation(route.object, { namespace, name, uid: '', gateways, rules: [] });
  if (said.kind === 'confirmed') return found;
  const what = said.kind === 'waiting' ? said.reason : said.message;
  return [...found, finding('route-not-reconciled', nameOf(route.object), `${what.replace(/\.$/, '')}.`)];
};

const succeeded = (answer: DryRunAnswer): boolean => answer.status < 300;

const checkDryRuns = (survey: Survey, route: FoundRoute): readonly Finding[] => {
  const dryRun = survey.observed.routeDryRuns.find(
    (one) => one.namespace === route.namespace && one.name === route.name,
  );
  if (dryRun === undefined) return [];
  const object = nameOf(route.object);
  const { attach, wayBack } = dryRun;
  if (attach.status === 403 || wayBack.status === 403)
    return [
      finding(
        'no-permission',
        object,
        `The API server does not let me patch it: ${sayAnswer(attach.status === 403 ? attach : wayBack)}.`,
      ),
    ];
  const found: Finding[] = [];
  if (!succeeded(attach))
    found.push(
      finding(
        'route-not-editable',
        object,
        `Adding ${survey.spec.to.pool} with weight 0 is refused: ${sayAnswer(attach)}.`,
      ),
    );
  if (!succeeded(wayBack))
    found.push(
      finding('way-back', object, `Putting its backendRefs back is refused: ${sayAnswer(wayBack)}.`),
    );
  return found;
};

/** An API server's refusal in a few words; the message is for people only. */
export const sayAnswer = (answer: DryRunAnswer): string => {
  const causes = answer.failure?.details?.causes ?? [];
  const fields = causes.map((cause) => `${cause.field ?? '?'}: ${cause.message ?? cause.reason ?? '?'}`);
  const text = fields.length > 0 ? fields.join('; ') : (answer.failure?.message ?? 'no message');
  return `${answer.status} ${answer.failure?.reason ?? ''} ${text}`.replace(/\s+/g, ' ').replace(/\.$/, '');
};

/** Room for what is left on the object itself. */
export const checkBefore = (object: KubeObject, rules: readonly RulePlan[]): readonly Finding[] => {
  const before = beforeBytes(rules);
  let annotations = 0;
  for (const [key, value] of Object.entries(object.metadata.annotations ?? {}))
    if (!key.startsWith('sluice.dev/')) annotations += key.length + value.length;
  // A kilobyte for our other annotations.
  if (before <= BEFORE_BYTES_MAX && before + annotations + 1024 <= ANNOTATIONS_BYTES_MAX) return [];
  return [
    finding(
      'before-too-large',
      nameOf(object),
      `Its backendRefs take ${before} bytes beside ${annotations} bytes of annotations.`,
    ),
  ];
};

/** Who would undo what is written. */
export const checkOwner = (object: KubeObject, undone = 'weights'): readonly Finding[] => {
  const owner = ownerOf(object);
  // Helm and Terraform write only when somebody runs them; these two come back by themselves.
  if (owner !== 'Argo CD' && owner !== 'Flux') return [];
  return [
    finding(
      'gitops-owner',
      nameOf(object),
      `${owner} reconciles it and may undo ${undone} within seconds.`,
      'W',
    ),
  ];
};
