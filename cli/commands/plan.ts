import { type DemoInput, readCheckedStack } from '../../local/demo-input.ts';
import type { Read } from '../../local/input-problem.ts';
import { readRollout } from '../../local/rollout-input.ts';
import { preparedCloud } from '../../local/run-virtual-demo.ts';
import { SCENARIOS } from '../../local/scenarios.ts';
import { askForPlan } from '../../local/start-demo.ts';
import { must } from '../../workflows/assert.ts';
import type { PlanResult } from '../../workflows/plans/plan.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { planLines } from '../terminal/plan-lines.ts';
import { type Context, tellProblems, withRead } from './context.ts';

export interface PlanOptions {
  readonly file: string;
  readonly stack: string;
  readonly json?: boolean;
}

const SETTINGS = { seed: 1, requestsPerSecond: 150 };

/** File and stack on an undisturbed cluster. */
const readInput = ({ file, stack }: PlanOptions): Read<DemoInput> => {
  const rollout = readRollout(file);
  if (rollout.kind === 'problems') return rollout;
  const objects = readCheckedStack(stack);
  if (objects.kind === 'problems') return objects;
  const scenario = must(SCENARIOS[0], 'a scenario');
  return {
    kind: 'ok',
    value: { scenario, stack: objects.value, rollout: rollout.value, acceptWarnings: false },
  };
};

const exitOf = (result: PlanResult): ExitCode => {
  if (result.kind === 'planned') return EXIT.ok;
  return result.findings.some(({ severity }) => severity === 'E') ? EXIT.planErrors : EXIT.planWarnings;
};

/** `sluice plan`: what a start would do to the stack, computed by the API's own door over a simulated cluster. */
export const plan = ({ io, palette }: Context, options: PlanOptions): Promise<ExitCode> => {
  const asJson = options.json === true;
  return withRead(readInput(options), { io, asJson }, async (input) => {
    const cloud = await preparedCloud(input, SETTINGS);
    const answer = await askForPlan((path, body) => cloud.call('POST', path, body), input.rollout);
    if (answer.status !== 200) {
      const { detail, title } = answer.body as { readonly detail?: string; readonly title?: string };
      const what = `The API answered ${answer.status}: ${detail ?? title ?? 'no reason'}.`;
      const problem = { file: options.file, line: null, column: null, code: 'plan-failed', what };
      return tellProblems(io, [{ ...problem, mend: 'Correct the file.' }], asJson);
    }
    const result = answer.body as PlanResult;
    if (asJson) io.out(JSON.stringify(result, null, 2));
    else for (const line of planLines({ result, spec: input.rollout.spec, palette })) io.out(line);
    return exitOf(result);
  });
};
