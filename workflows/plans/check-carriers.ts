/** What carries the adapter's weights in each pool: whose it is, what it says today, whether it can be written. */
import { RESOURCES } from '../kubernetes.ts';
import { titleOf } from '../steps/carrier.ts';
import { realSharePercent } from '../steps/traffic-weights.ts';
import { adapterOf, carrierOf, type FoundCarrier, imagesOf, sidesOfAdapter } from './adapter-carriers.ts';
import { servedByPods } from './adapter-served.ts';
import { checkBefore, checkOwner, sayAnswer } from './check-routes.ts';
import { finding, nameOf } from './findings.ts';
import type { DryRunAnswer } from './observed-cluster.ts';
import type { Finding, RoutePlan } from './plan.ts';
import type { Side, Survey } from './survey.ts';

export const checkCarriers = (survey: Survey, sides: readonly Side[]): readonly Finding[] => {
  const found = sides.map((side) => ({ side, carrier: carrierOf(survey, side) }));
  const routes = found.flatMap(({ carrier }) => ('route' in carrier ? [carrier.route] : []));
  return [
    ...found.flatMap(({ side, carrier }) => [
      ...checkCarrier(survey, side, carrier),
      ...checkDryRuns(survey, side, carrier),
      ...checkPickers(survey, side),
    ]),
    ...checkRounding(survey, routes),
    ...checkConfirmation(survey, sides),
  ];
};

const poolName = ({ spec }: Survey, side: Side): string =>
  `${RESOURCES.inferencePool.kind} ${spec.namespace}/${side.pool.name}`;

const checkCarrier = (survey: Survey, side: Side, carrier: FoundCarrier): readonly Finding[] => {
  const { alias } = adapterOf(survey);
  const pool = poolName(survey, side);
  switch (carrier.kind) {
    case 'unserved':
      return [
        finding(
          'rewrites-not-served',
          `Cluster ${survey.spec.cluster}`,
          `Nothing can rewrite ${alias} there.`,
        ),
      ];
    case 'modelMissing':
      return [finding('inference-model-missing', pool, `No InferenceModel of it has modelName ${alias}.`)];
    case 'foreign':
      return [finding('alias-foreign', nameOf(carrier.object), sayForeign(carrier, alias))];
    case 'ambiguous': {
      const names = carrier.objects.map((object) => `${nameOf(object)} of ${object.apiVersion}`);
      return [finding('alias-ambiguous', pool, `${alias} has a rule in ${names.join(' and ')}.`)];
    }
    case 'mixedWeights':
      return [
        finding(
          'alias-weights-mixed',
          nameOf(carrier.object),
          `Rule ${carrier.rule} for ${alias} has targets with and without a weight.`,
        ),
      ];
    case 'edited':
      return checkEdited(survey, carrier);
    case 'created':
      return checkCreated(survey, side);
  }
};

const sayForeign = ({ rule, names }: Extract<FoundCarrier, { kind: 'foreign' }>, alias: string): string =>
  names.length === 0
    ? `Rule ${rule} matches every name, ${alias} included.`
    : `Rule ${rule} matches ${names.join(', ')}.`;

const checkEdited = (
  survey: Survey,
  { object, route, rules, later }: Extract<FoundCarrier, { kind: 'edited' }>,
): readonly Finding[] => {
  const { alias, from, to } = adapterOf(survey);
  const name = nameOf(object);
  const shadowed = later.map((other) =>
    finding('alias-shadowed', nameOf(other), `It has a rule for ${alias}, and ${name} is older.`),
  );
  if (rules.kind === 'noPart')
    return [...shadowed, finding('alias-elsewhere', name, `Its rule for ${alias} does not name ${from}.`)];
  if (rules.kind === 'alreadySplit')
    return [
      ...shadowed,
      finding('alias-already-split', name, `Rule ${rules.rule} gives ${to.name} the weight ${rules.weight}.`),
    ];
  return [...shadowed, ...checkBefore(object, route.rules), ...checkOwner(object)];
};

/** A rule of ours sends the name to the old version, whatever answered to it before. */
const checkCreated = (survey: Survey, side: Side): readonly Finding[] => {
  const { alias, from } = adapterOf(survey);
  if (alias === from) return [];
  const pods = servedByPods(survey, side).filter(({ names }) => names?.has(alias) === true);
  if (pods.length === 0) return [];
  return [
    finding(
      'alias-served',
      poolName(survey, side),
      `${pods.length} of its pods answer to ${alias} themselves; a rewrite would send it to ${from}.`,
    ),
  ];
};

const isDone = (answer: DryRunAnswer): boolean => answer.status < 300;

const checkDryRuns = (survey: Survey, side: Side, carrier: FoundCarrier): readonly Finding[] => {
  const dryRun = survey.observed.adapter?.dryRuns.find(({ pool }) => pool === side.pool.name);
  if (dryRun === undefined || !('route' in carrier)) return [];
  const { there, back } = dryRun;
  const object = titleOf(carrier.route);
  const does = carrier.kind === 'created' ? 'create' : 'patch';
  const forbidden = [there, back].find((answer) => answer?.status === 403);
  if (forbidden !== null && forbidden !== undefined)
    return [
      finding('no-permission', object, `The API server does not let me ${does} it: ${sayAnswer(forbidden)}.`),
    ];
  if (carrier.kind === 'created' && there.status === 409)
    return [finding('name-taken', object, 'An object of this name exists already.')];
  const found: Finding[] = [];
  if (!isDone(there)) {
    const { to } = adapterOf(survey);
    const what =
      carrier.kind === 'created'
        ? `Creating it is refused: ${sayAnswer(there)}.`
        : `A share for ${to.name} is refused: ${sayAnswer(there)}.`;
    found.push(finding('alias-not-editable', object, what));
  }
  if (back !== null && !isDone(back))
    found.push(finding('way-back', object, `Putting its targets back is refused: ${sayAnswer(back)}.`));
  return found;
};

const VERSION = /:v?(\d+)\.(\d+)\.\d+/u;

/** Images of the upstream picker tell their version. */
const checkPickers = (survey: Survey, side: Side): readonly Finding[] => {
  const pool = poolName(survey, side);
  if (side.pool.pickerService === null)
    return [finding('adapter-no-picker', pool, 'It has no endpointPickerRef to a Service.')];
  if (survey.observed.rewriteResource === null) return [];
  const old = imagesOf(side).find((image) => {
    const [, major = '9', minor = '9'] = VERSION.exec(image) ?? [];
    const isUpstream = image.includes('gateway-api-inference-extension/epp');
    return isUpstream && (Number(major) < 1 || (Number(major) === 1 && Number(minor) < 2));
  });
  if (old === undefined) return [];
  // What is unloaded while clients are still sent to it is answered 404.
  const severity = survey.spec.retention.retire === 'unload' ? 'W' : 'I';
  return [finding('picker-too-old', pool, `Its picker runs ${old}.`, severity)];
};

const checkRounding = (survey: Survey, routes: readonly RoutePlan[]): readonly Finding[] =>
  survey.spec.ladder.flatMap(({ sharePercent }) => {
    const real = realSharePercent(routes, sidesOfAdapter(survey), sharePercent);
    if (real === sharePercent) return [];
    const what = `A share of ${sharePercent} becomes ${real}.`;
    return [finding('share-rounded', `Rollout ${survey.spec.name}`, what)];
  });

/** Every pool has a picker whose counters can be read. */
export const isSeenByPickers = (survey: Survey, sides: readonly Side[]): boolean => {
  const readable = new Set(survey.observed.adapter?.readablePickers ?? []);
  return sides.every(({ pickerPods }) => pickerPods.some(({ metadata }) => readable.has(metadata.name)));
};

const checkConfirmation = (survey: Survey, sides: readonly Side[]): readonly Finding[] => {
  if (isSeenByPickers(survey, sides)) return [];
  const pools = sides.map(({ pool }) => pool.name).join(', ');
  const what = `The counters of the pickers of ${pools} cannot be read.`;
  return [finding('settle-only', `Rollout ${survey.spec.name}`, what)];
};
