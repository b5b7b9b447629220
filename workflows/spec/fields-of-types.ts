/**
 * Fields and values that only some types of rollout know. They are looked for in the file as it was written, because
 * defaults fill in what nobody wrote.
 */
import { GATES_OF_TYPE, JUDGES, TRIPWIRES } from './gate-names.ts';
import type { Fault, FieldPath } from './problem.ts';
import { formatPath, quoted } from './problem.ts';
import type { RolloutSpec } from './rollout-spec.ts';

type RolloutType = RolloutSpec['type'];

export interface FieldOfTypes {
  readonly path: readonly string[];
  /** Types that know it. */
  readonly types: readonly RolloutType[];
  /** Only this value of the field; null: the field itself. */
  readonly value: string | null;
  readonly mend: string;
}

const POOLS: readonly RolloutType[] = ['node', 'baseModel'];
const ADAPTER: readonly RolloutType[] = ['adapter'];

const field = (path: string, types: readonly RolloutType[], mend: string): FieldOfTypes => ({
  path: path.split('.'),
  types,
  value: null,
  mend,
});

const STAYS = 'Remove it: an adapter’s new version comes to the pods that serve the old one.';

export const FIELDS_OF_TYPES: readonly FieldOfTypes[] = [
  field('spec.to', POOLS, 'Remove it: what comes is written under spec.adapter.to, and its pools stay.'),
  field('spec.adapter', ADAPTER, 'Remove it, or write type: adapter when the version of an adapter changes.'),
  field('spec.from.autoscaler', POOLS, STAYS),
  field('spec.capacity', POOLS, STAYS),
  field('spec.priorities', POOLS, 'Remove it: InferenceObjectives stay with their pool.'),
  field(
    'spec.objectives.ttft',
    POOLS,
    'Remove it: no metric tells the first tokens of one adapter; adapter.duration and queue watch how long answers take.',
  ),
  field('spec.rollback.after.newPods', POOLS, 'Write newAdapter: how long the new version stays loaded.'),
  field('spec.rollback.after.nodePool', POOLS, 'Remove it: no node pool is created.'),
  field('spec.rollback.after.newAdapter', ADAPTER, 'Write newPods: how long the new pods are kept.'),
  {
    ...field('spec.retention.retire', POOLS, 'Write keep, or unload when the old version shall be unloaded.'),
    value: 'delete',
  },
  { ...field('spec.retention.retire', ADAPTER, 'Write keep or delete.'), value: 'unload' },
  ...[...TRIPWIRES, ...JUDGES].flatMap((gate): readonly FieldOfTypes[] => {
    const types = ([...POOLS, ...ADAPTER] as const).filter((type) => GATES_OF_TYPE[type].includes(gate));
    const path = ['spec', 'gates', 'tune', gate];
    return types.length === 3
      ? []
      : [
          {
            path,
            types,
            value: null,
            mend: `Remove it: only rollouts of type ${types.join(' and ')} have this gate.`,
          },
        ];
  }),
];

const valueAt = (file: unknown, path: readonly string[]): unknown => {
  let current: unknown = file;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[step];
  }
  return current;
};

const isType = (type: unknown): type is RolloutType =>
  typeof type === 'string' && [...POOLS, ...ADAPTER].some((one) => one === type);

export interface OfOtherTypes {
  readonly faults: readonly Fault[];
  /** What to take out so that nothing else is reported about it. */
  readonly pruned: readonly FieldPath[];
}

/** What the file says that its type does not know. Nothing where the type itself is not known. */
export function findOfOtherTypes(file: unknown): OfOtherTypes {
  const type = valueAt(file, ['spec', 'type']);
  if (!isType(type)) return { faults: [], pruned: [] };
  const faults: Fault[] = [];
  for (const { path, types, value, mend } of FIELDS_OF_TYPES) {
    if (types.includes(type)) continue;
    const found = valueAt(file, path);
    if (value === null ? found === undefined : found !== value) continue;
    const subject = value === null ? formatPath(path) : `${formatPath(path)}: ${quoted(value)}`;
    faults.push({
      path,
      at: value === null ? 'key' : 'value',
      code: 'not-of-this-type',
      what: `${subject} makes no sense in a rollout of type ${type}.`,
      mend,
    });
  }
  return { faults, pruned: faults.map(({ path }) => path) };
}
