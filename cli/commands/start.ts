import { randomUUID } from 'node:crypto';
import { readRollout } from '../../local/rollout-input.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { clientFor, type RemoteOptions, tellFailure } from '../remote/with-answer.ts';
import { type Context, withRead } from './context.ts';

export interface StartOptions extends RemoteOptions {
  readonly file: string;
  readonly queue?: boolean;
  readonly planHash?: string;
  readonly requestId?: string;
}

/** `sluice start`: sends a rollout file with the manifests that it names. */
export const start = (context: Context, options: StartOptions): Promise<ExitCode> => {
  const { io, palette } = context;
  const asJson = options.output === 'json';
  return withRead(readRollout(options.file), { io, asJson }, async (rollout) => {
    const client = clientFor(options);
    const answer = await client.call('POST', '/v1/rollouts', {
      requestId: options.requestId ?? randomUUID(),
      file: rollout.text,
      fileName: rollout.fileName,
      manifests: rollout.manifests,
      queue: options.queue === true,
      planHash: options.planHash ?? null,
    });
    if (answer.kind === 'unreachable' || answer.status >= 400)
      return tellFailure(context, { client, answer, about: options.file }, asJson);
    if (asJson) {
      io.out(JSON.stringify(answer.body, null, 2));
      return EXIT.ok;
    }
    const { rolloutId, detail } = answer.body as { readonly rolloutId: string; readonly detail: string };
    io.out(palette.strong(detail));
    io.out(palette.faint(`  sluice watch ${rolloutId}    what happens, as it happens`));
    io.out(palette.faint(`  sluice get ${rolloutId}      where it is`));
    return EXIT.ok;
  });
};
