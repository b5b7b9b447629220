/** What a demo runs: scenario, stack and rollout, put together from what was asked for and read from the disk. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closest, distance } from 'fastest-levenshtein';
import type { KubeObject } from '../workflows/kubernetes.ts';
import { editRollout } from './edit-rollout.ts';
import type { InputProblem, Read } from './input-problem.ts';
import { readStack } from './manifest-files.ts';
import { type RolloutInput, readRollout } from './rollout-input.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { checkStack } from './stack.ts';
import { twinAdapter } from './twin-adapter.ts';
import { twinRollout } from './twin-rollout.ts';

export interface DemoInput {
  readonly scenario: Scenario;
  readonly stack: readonly KubeObject[];
  readonly rollout: RolloutInput;
  /** The rollout file was made here: its warnings are ours to accept. */
  readonly acceptWarnings: boolean;
}

export interface DemoChoice {
  readonly scenario?: string | undefined;
  /** Folder with the stack; default: the scenario's example. */
  readonly stack?: string | undefined;
  /** Rollout file; default: the example's, or one that is made for the stack. */
  readonly file?: string | undefined;
}

export const EXAMPLES = join(dirname(fileURLToPath(import.meta.url)), '..', 'examples');

const failed = (
  code: string,
  file: string,
  what: string,
  mend: string,
): { kind: 'problems'; problems: InputProblem[] } => ({
  kind: 'problems',
  problems: [{ file, line: null, column: null, code, what, mend }],
});

/** The scenario of a name, or the nearest name. */
export const findScenario = (name: string): Read<Scenario> => {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found !== undefined) return { kind: 'ok', value: found };
  const names = SCENARIOS.map((scenario) => scenario.name);
  const nearest = closest(name, names);
  const isNear = distance(name, nearest) <= Math.max(2, name.length / 3);
  const mend = `${isNear ? `Did you mean ${nearest}? ` : ''}There are ${names.join(', ')}.`;
  return failed('unknown-scenario', '--scenario', `No scenario is called ${JSON.stringify(name)}.`, mend);
};

/** The stack of a folder, if a cluster would take it. */
export const readCheckedStack = (folder: string): Read<readonly KubeObject[]> => {
  const read = readStack(folder);
  if (read.kind === 'problems') return read;
  const problems = checkStack(read.value);
  if (problems.length > 0) return { kind: 'problems', problems };
  return { kind: 'ok', value: read.value.map(({ object }) => object) };
};

/** A rollout file for a stack that came without one. */
const madeRollout = (
  stack: readonly KubeObject[],
  example: Scenario['example'],
  folder: string,
): Read<RolloutInput> =>
  example === 'adapter'
    ? twinAdapter(stack, folder)
    : twinRollout(stack, example === 'base-model' ? 'baseModel' : 'node', folder);

/** Reads what the choice names, and applies what the scenario changes. */
export const readDemo = (choice: DemoChoice): Read<DemoInput> => {
  const scenario = findScenario(choice.scenario ?? 'node-update');
  if (scenario.kind === 'problems') return scenario;
  const { example, needs, edits } = scenario.value;
  const folder = choice.stack ?? join(EXAMPLES, example);
  const stack = readCheckedStack(folder);
  if (stack.kind === 'problems') return stack;
  const isMade = choice.file === undefined && choice.stack !== undefined;
  const rollout = isMade
    ? madeRollout(stack.value, example, folder)
    : readRollout(choice.file ?? join(EXAMPLES, example, 'rollout.yaml'));
  if (rollout.kind === 'problems') return rollout;
  const { spec, fileName } = rollout.value;
  if (needs === 'create' && spec.to.nodes.kind !== 'create') {
    const what = `Scenario ${scenario.value.name} is about a node pool that is created, and this file creates none.`;
    return failed(
      'scenario-needs-create',
      fileName,
      what,
      'Use a file with spec.to.nodes.create, or leave -f out.',
    );
  }
  if (needs === 'adapter' && spec.adapter === null) {
    const what = `Scenario ${scenario.value.name} is about an adapter, and this file has none.`;
    return failed('scenario-needs-adapter', fileName, what, 'Use a file of type adapter, or leave -f out.');
  }
  const edited = editRollout(rollout.value, edits(spec));
  if (edited.kind === 'problems') return edited;
  return {
    kind: 'ok',
    value: { scenario: scenario.value, stack: stack.value, rollout: edited.value, acceptWarnings: isMade },
  };
};
