import type { ExitCode } from '../exit-codes.ts';
import { followJournal } from '../remote/follow-journal.ts';
import { clientFor, type RemoteOptions, tellFailure } from '../remote/with-answer.ts';
import { entryLine, isTelling } from '../terminal/entry-line.ts';
import type { Context } from './context.ts';
import { exitOfState } from './get.ts';

export interface WatchOptions extends RemoteOptions {
  /** Only entries behind this one. */
  readonly after: number;
}

/** `sluice watch`: the journal as it grows, until the rollout has ended. Entries as JSON come a line each, all of them. */
export const watch = async (
  context: Context,
  rolloutId: string,
  options: WatchOptions,
): Promise<ExitCode> => {
  const { io, palette } = context;
  const asJson = options.output === 'json';
  const client = clientFor(options);
  const followed = await followJournal({
    client,
    rolloutId,
    afterSeq: options.after,
    sleep: (ms) => io.sleep(ms),
    onEntry: (entry) => {
      if (asJson) io.out(JSON.stringify(entry));
      else if (isTelling(entry)) io.out(entryLine(entry, palette));
    },
    onConnection: (isThere) => {
      if (!asJson)
        io.err(
          palette.faint(isThere ? `${client.server} is back` : `${client.server} is gone; waiting for it`),
        );
    },
  });
  if (followed.kind === 'failed')
    return tellFailure(context, { client, answer: followed.answer, about: rolloutId }, asJson);
  const { state } = followed;
  if (!asJson) {
    const paint = state === 'promoted' ? palette.good : palette.bad;
    io.out(`${palette.strong(rolloutId)}   ${paint(state)}`);
  }
  return exitOfState(state);
};
