/** POST /v1/plans: the same preflight as a rollout's, with the functions' own identity. Writes nothing. */
import * as z from 'zod';
import type { ApiResponse } from '../../workflows/door-types.ts';
import { planRollout } from '../../workflows/plans/plan-rollout.ts';
import { parseRolloutFile } from '../../workflows/spec/parse-rollout-file.ts';
import { manifestsSchema } from './actions.ts';
import { gatherCluster } from './hands/gather-cluster.ts';
import { problem, reply } from './reply.ts';
import type { Shell } from './shell.ts';

const planRequest = z.strictObject({
  file: z.string(),
  fileName: z.string().max(500).default('rollout.yaml'),
  manifests: manifestsSchema,
});

/** Plan, hash and findings of a rollout file; 422 with the file's problems, 503 when the cluster does not answer. */
export const planOnly = async (shell: Shell, body: unknown): Promise<ApiResponse> => {
  const parsed = planRequest.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return problem(
      400,
      'request-malformed',
      `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a plan request'}`,
    );
  }
  const { file, fileName, manifests } = parsed.data;
  const spec = parseRolloutFile(file, fileName);
  if (spec.kind === 'problems')
    return problem(422, 'file-invalid', `${spec.problems.length} problems in ${fileName}`, {
      problems: spec.problems,
    });
  const gathered = await gatherCluster(shell.ports, spec.spec, manifests);
  if (gathered.kind === 'unreachable') return problem(503, 'cluster-unreachable', gathered.why);
  return reply(200, planRollout(spec.spec, manifests, gathered.observed));
};
