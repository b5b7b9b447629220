/** A demo's rollout is planned and started as anybody's: through the HTTP API. */
import type { ApiResponse } from '../workflows/door-types.ts';
import type { Finding, PlanResult } from '../workflows/plans/plan.ts';
import type { DemoInput } from './demo-input.ts';
import { editRollout } from './edit-rollout.ts';
import type { InputProblem } from './input-problem.ts';
import type { RolloutInput } from './rollout-input.ts';

/** POST of a body to a path of the API. */
export type Ask = (path: string, body: object) => Promise<Pick<ApiResponse, 'status' | 'body'>>;

const fileOf = ({ text, fileName, manifests }: RolloutInput): object => ({ file: text, fileName, manifests });

/** What POST /v1/plans says of the rollout. */
export const askForPlan = (ask: Ask, rollout: RolloutInput): ReturnType<Ask> =>
  ask('/v1/plans', fileOf(rollout));

/** A file that was made here accepts the warnings that its plan would have; they are told. */
export const withAccepted = async (
  ask: Ask,
  { rollout, acceptWarnings }: DemoInput,
): Promise<{ readonly rollout: RolloutInput; readonly accepted: readonly string[] }> => {
  if (!acceptWarnings) return { rollout, accepted: [] };
  const answer = await askForPlan(ask, rollout);
  const findings: readonly Finding[] = answer.status === 200 ? (answer.body as PlanResult).findings : [];
  const accepted = [...new Set(findings.filter(({ severity }) => severity === 'W').map(({ code }) => code))];
  if (accepted.length === 0) return { rollout, accepted };
  const edited = editRollout(rollout, [{ path: ['spec', 'acknowledge'], value: accepted }]);
  return edited.kind === 'ok' ? { rollout: edited.value, accepted } : { rollout, accepted: [] };
};

/** Starts it. A refusal comes back as a problem of the file. */
export const startRollout = async (
  ask: Ask,
  rollout: RolloutInput,
  requestId: string,
): Promise<
  | { readonly kind: 'started'; readonly rolloutId: string }
  | { readonly kind: 'refused'; readonly problems: readonly InputProblem[] }
> => {
  const { status, body } = await ask('/v1/rollouts', { requestId, ...fileOf(rollout) });
  if (status === 201)
    return { kind: 'started', rolloutId: (body as { readonly rolloutId: string }).rolloutId };
  const { detail, code } = body as { readonly detail?: string; readonly code?: string };
  const problem: InputProblem = {
    file: rollout.fileName,
    line: null,
    column: null,
    code: code ?? `status-${status}`,
    what: detail ?? `The API answered ${status}.`,
    mend: 'Correct the file and start again.',
  };
  return { kind: 'refused', problems: [problem] };
};
