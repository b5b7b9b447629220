import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { ApiClient, RemoteAnswer } from '../remote/api-client.ts';
import { type ListedRollout, rolloutListSchema, rolloutViewSchema } from '../remote/rollout-view.ts';
import { clientFor, type RemoteOptions, tellFailure } from '../remote/with-answer.ts';
import { listLines, rolloutLines } from '../terminal/rollout-lines.ts';
import type { Context } from './context.ts';

export type GetOptions = RemoteOptions;

/** As scripts read how a rollout ended; one that goes on is no failure. */
export const exitOfState = (state: string): ExitCode => {
  if (state === 'rolledBack') return EXIT.rolledBack;
  return state === 'failed' ? EXIT.failed : EXIT.ok;
};

/** An answer of another shape than this version knows. */
const foreign = (what: string): RemoteAnswer => ({
  kind: 'unreachable',
  why: `its answer is not what this version understands (${what})`,
  isRefused: false,
});

/** `sluice get`: all rollouts, or where one of them is. */
export const get = (
  context: Context,
  rolloutId: string | undefined,
  options: GetOptions,
): Promise<ExitCode> =>
  rolloutId === undefined ? getAll(context, options) : getOne(context, rolloutId, options);

const getOne = async (context: Context, rolloutId: string, options: GetOptions): Promise<ExitCode> => {
  const { io, palette } = context;
  const asJson = options.output === 'json';
  const client = clientFor(options);
  const answer = await client.call('GET', `/v1/rollouts/${encodeURIComponent(rolloutId)}`);
  if (answer.kind === 'unreachable' || answer.status >= 400)
    return tellFailure(context, { client, answer, about: rolloutId }, asJson);
  const view = rolloutViewSchema.safeParse(answer.body);
  if (!view.success) {
    const found = foreign(view.error.issues[0]?.path.join('.') ?? 'body');
    return tellFailure(context, { client, answer: found, about: rolloutId }, asJson);
  }
  if (asJson) io.out(JSON.stringify(answer.body, null, 2));
  else for (const line of rolloutLines(view.data, palette)) io.out(line);
  return exitOfState(view.data.state);
};

const PAGE = 200;

const readAll = async (client: ApiClient): Promise<readonly ListedRollout[] | RemoteAnswer> => {
  const rollouts: ListedRollout[] = [];
  let after = '';
  for (;;) {
    const answer = await client.call('GET', `/v1/rollouts?limit=${PAGE}${after}`);
    if (answer.kind === 'unreachable' || answer.status >= 400) return answer;
    const page = rolloutListSchema.safeParse(answer.body);
    if (!page.success) return foreign(page.error.issues[0]?.path.join('.') ?? 'body');
    rollouts.push(...page.data.rollouts);
    if (page.data.next === null) return rollouts;
    after = `&after=${encodeURIComponent(page.data.next)}`;
  }
};

const getAll = async (context: Context, options: GetOptions): Promise<ExitCode> => {
  const { io, palette } = context;
  const asJson = options.output === 'json';
  const client = clientFor(options);
  const read = await readAll(client);
  if (!Array.isArray(read))
    return tellFailure(context, { client, answer: read as RemoteAnswer, about: 'rollouts' }, asJson);
  const rollouts = read as readonly ListedRollout[];
  if (asJson) io.out(JSON.stringify({ rollouts }, null, 2));
  else if (rollouts.length === 0) io.err('There is no rollout yet: `sluice start -f FILE` starts one.');
  else for (const line of listLines(rollouts, palette)) io.out(line);
  return EXIT.ok;
};
