import { type Context, tellProblems } from '../commands/context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type ApiClient, createApiClient, DEFAULT_SERVER, type RemoteAnswer } from './api-client.ts';
import { remoteProblems, unreachableText } from './remote-problem.ts';

export interface RemoteOptions {
  /** Base address of the API. */
  readonly server?: string;
  readonly output?: 'json';
}

/** The server that is asked: the option, the environment's, or the one that `sluice dev` starts. */
export const clientFor = ({ server }: RemoteOptions): ApiClient =>
  createApiClient(server ?? (process.env['SLUICE_SERVER'] || DEFAULT_SERVER));

/** Tells what kept a request from succeeding. */
export const tellFailure = (
  { io }: Context,
  failure: { readonly client: ApiClient; readonly answer: RemoteAnswer; readonly about: string },
  asJson: boolean,
): ExitCode => {
  const { answer, about, client } = failure;
  if (answer.kind === 'answer') return tellProblems(io, remoteProblems(about, answer), asJson);
  io.err(unreachableText(client, answer));
  return EXIT.usage;
};
