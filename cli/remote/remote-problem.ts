import * as z from 'zod';
import type { InputProblem } from '../../local/input-problem.ts';
import type { ApiClient, RemoteAnswer } from './api-client.ts';

const problemSchema = z.object({
  title: z.string().catch('unknown'),
  detail: z.string().catch(''),
  problems: z
    .array(
      z.object({
        file: z.string().catch(''),
        line: z.number().nullable().catch(null),
        column: z.number().nullable().catch(null),
        code: z.string(),
        what: z.string(),
        mend: z.string().catch(''),
      }),
    )
    .catch([]),
});

const MENDS: Readonly<Record<string, string>> = {
  'pool-locked': '`sluice get` says where it is.',
  'rollout-missing': '`sluice get` lists those that there are.',
  unauthenticated: 'Ask whoever runs the service for access.',
  'cursor-ahead': 'Leave --after out.',
};

const OTHERWISE = 'Correct it and try again.';
const LATER = 'Try again in a moment.';

/** Details begin with names as often as with words: only their end is touched. */
const sentence = (text: string): string => `${text}${/[.!?]$/.test(text) ? '' : '.'}`;

/** What an answer that is no success says, as problems; those of a rollout file with their places. */
export const remoteProblems = (
  file: string,
  { status, body }: Extract<RemoteAnswer, { kind: 'answer' }>,
): readonly InputProblem[] => {
  const read = problemSchema.safeParse(body);
  const { title, detail, problems } = read.success
    ? read.data
    : { title: `status-${status}`, detail: '', problems: [] };
  if (problems.length > 0) return problems.map((problem) => ({ ...problem, file: problem.file || file }));
  return [
    {
      file,
      line: null,
      column: null,
      code: title,
      what: sentence(detail === '' ? `The API answered ${status}` : detail),
      mend: MENDS[title] ?? (status >= 500 ? LATER : OTHERWISE),
    },
  ];
};

const isLocal = (server: string): boolean =>
  /^https?:\/\/(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/i.test(server);

/** One sentence for a server that is not there: on one's own machine it has not been started. */
export const unreachableText = (
  { server }: Pick<ApiClient, 'server'>,
  { why, isRefused }: Extract<RemoteAnswer, { kind: 'unreachable' }>,
): string =>
  isRefused && isLocal(server)
    ? `sluice dev is not running at ${server}: start it with \`sluice dev\``
    : `${server} cannot be asked: ${why}; name another one with --server or SLUICE_SERVER`;
