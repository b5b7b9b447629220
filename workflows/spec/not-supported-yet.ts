/** Fields and values that the format knows and this version does not build. They are refused, never ignored. */
import { JUDGES, TRIPWIRES } from './gate-names.ts';
import { type Fault, type FieldPath, formatPath, pathKey, quoted } from './problem.ts';

export interface NotSupportedYet {
  /** `*` is any key, `[]` any item. */
  readonly path: readonly string[];
  /** What of the field is not supported, for the reference; null: the field as a whole. */
  readonly values: string | null;
  readonly matches: (value: unknown) => boolean;
  /** What this version has instead. */
  readonly instead: string;
  /** How much must be taken out so that nothing else is reported about it. */
  readonly prunes?: 'parent';
}

const oneOf =
  (...names: readonly string[]) =>
  (value: unknown): boolean =>
    typeof value === 'string' && names.includes(value);
const anything: (value: unknown) => boolean = () => true;
const notEmpty = (value: unknown): boolean =>
  !(value === null || (typeof value === 'object' && Object.keys(value).length === 0));
const isMapping = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const BUILT_GATES = [...TRIPWIRES, ...JUDGES].join(', ');

/** Gates of the format that are not built. */
const UNBUILT_GATES = [
  'epp',
  'crash',
  'aborts',
  'notFound',
  'prefill',
  'itl',
  'itl.slo',
  'kv',
  'e2e',
  'outputLength',
  'eval',
];

function field(path: string, instead: string, matches = anything): NotSupportedYet {
  return { path: path.split('.'), values: null, matches, instead };
}

function value(path: string, names: readonly string[], instead: string): NotSupportedYet {
  return { path: path.split('.'), values: names.join(', '), matches: oneOf(...names), instead };
}

export const NOT_SUPPORTED_YET: readonly NotSupportedYet[] = [
  value('spec.type', ['server'], 'node, baseModel and adapter'),
  value('spec.adapter.to.load', ['resolver'], 'syncer and loaded'),
  value('spec.mode', ['guard', 'observe'], 'full'),
  {
    path: ['spec', 'routes'],
    values: 'a list',
    matches: Array.isArray,
    instead: 'all: every HTTPRoute that refers to the old pool',
  },
  field('spec.after', 'starting each rollout when the one before it is promoted', notEmpty),
  value('spec.to.source', ['derive'], 'existing and { manifests: […] }'),
  field('spec.to.overrides', 'manifests that contain the change', notEmpty),
  { ...field('spec.to.nodes.computeClass', 'nodePool, selector, create and same'), prunes: 'parent' },
  field('spec.to.model.loadBudget', 'a startupProbe in your manifests'),
  {
    path: ['spec', 'to', 'nodes', 'create', 'capacity', '[1]'],
    values: 'a second option',
    matches: anything,
    instead: 'exactly one option',
  },
  value('spec.to.nodes.create.onFallback', ['take'], 'ask'),
  {
    path: ['spec', 'to', 'adapters', '*'],
    values: 'a new source',
    matches: isMapping,
    instead: 'same and drop; a retrained adapter gets its own name in your manifests',
  },
  value('spec.capacity.mode', ['follow'], 'full'),
  field('spec.capacity.headroom', 'capacity.mode: full, which needs none'),
  value('spec.verify.via', ['job', 'vpc'], 'apiServer'),
  value('spec.verify.door', ['auto', 'on'], 'off'),
  field('spec.verify.names', 'the names that the old side’s servers answer to'),
  field(
    'spec.verify.requests',
    'the built-in requests: plain, streamed and with log probabilities',
    notEmpty,
  ),
  field('spec.objectives.itl', 'objectives.errorRatio and objectives.ttft'),
  {
    path: ['spec', 'gates', 'defaults'],
    values: 'false',
    matches: (candidate) => candidate === false,
    instead: 'gates.tune, which switches off single gates by name',
  },
  ...UNBUILT_GATES.map((gate) => ({
    path: ['spec', 'gates', 'tune', gate],
    values: null,
    matches: anything,
    instead: BUILT_GATES,
  })),
  ...[...TRIPWIRES, ...JUDGES].map((gate) => ({
    path: ['spec', 'gates', 'tune', gate, 'tolerance'],
    values: null,
    matches: anything,
    instead: 'off, and for judges { minSamples: N }',
    prunes: 'parent' as const,
  })),
  field('spec.gates.extra', `the built-in gates: ${BUILT_GATES}`, notEmpty),
  value('spec.metrics.source', ['cloudMonitoring'], 'pods'),
  value('spec.metrics.podMonitoring', ['create'], 'existing'),
  field('spec.metrics.project', 'the cluster’s own project', (candidate) => candidate !== null),
  {
    path: ['spec', 'alerts', 'managed'],
    values: 'true',
    matches: (candidate) => candidate === true,
    instead: 'false, and policies of your own under alerts.policies',
  },
  value('spec.alerts.policies.[].blames', ['either', 'old'], 'new'),
  value('spec.retention.retire', ['scaleToZero'], 'keep, delete and unload'),
  value('spec.retention.handover', ['wait'], 'none'),
  field('spec.notify', 'alerts on Sluice’s own log', notEmpty),
];

export interface NotSupportedFound {
  readonly faults: readonly Fault[];
  /** What to take out so that nothing else is reported about it. */
  readonly pruned: readonly FieldPath[];
}

/** Everything in the file's value that is known but not built. */
export function findNotSupportedYet(file: unknown): NotSupportedFound {
  const faults: Fault[] = [];
  const pruned: FieldPath[] = [];
  for (const rule of NOT_SUPPORTED_YET) {
    for (const { path, found } of matchesOf(file, rule.path, [])) {
      if (!rule.matches(found)) continue;
      faults.push(explain(rule, path, found));
      pruned.push(rule.prunes === 'parent' ? path.slice(0, -1) : path);
    }
  }
  return { faults, pruned };
}

function explain(rule: NotSupportedYet, path: FieldPath, found: unknown): Fault {
  const shown = typeof found === 'object' ? rule.values : quoted(found);
  const subject = rule.values === null ? formatPath(path) : `${formatPath(path)}: ${shown}`;
  return {
    path,
    at: rule.values === null ? 'key' : 'value',
    code: 'not-supported-yet',
    what: `${subject} is not supported yet.`,
    mend: `Supported in this version: ${rule.instead}.`,
  };
}

interface Match {
  readonly path: FieldPath;
  readonly found: unknown;
}

function matchesOf(current: unknown, pattern: readonly string[], path: FieldPath): readonly Match[] {
  const [step, ...rest] = pattern;
  if (step === undefined) return [{ path, found: current }];
  if (Array.isArray(current)) {
    const items: readonly unknown[] = current;
    return items.flatMap((item, index) =>
      step === '[]' || step === `[${index}]` ? matchesOf(item, rest, [...path, index]) : [],
    );
  }
  if (typeof current !== 'object' || current === null) return [];
  return Object.entries(current).flatMap(([key, item]) =>
    step === '*' || step === key ? matchesOf(item, rest, [...path, key]) : [],
  );
}

/** The value without what lies at the paths; items of lists are taken from the end. */
export function withoutPaths(file: unknown, paths: readonly FieldPath[]): unknown {
  const dropped = new Set(paths.map((path) => pathKey(path)));
  return dropped.size === 0 ? file : copyWithout(file, [], dropped);
}

function copyWithout(current: unknown, path: FieldPath, dropped: ReadonlySet<string>): unknown {
  if (typeof current !== 'object' || current === null) return current;
  const keeps = (step: string | number) => !dropped.has(pathKey([...path, step]));
  if (Array.isArray(current)) {
    const items: readonly unknown[] = current;
    return items.flatMap((item, index) =>
      keeps(index) ? [copyWithout(item, [...path, index], dropped)] : [],
    );
  }
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(current)) {
    if (keeps(key)) copy[key] = copyWithout(item, [...path, key], dropped);
  }
  return copy;
}
