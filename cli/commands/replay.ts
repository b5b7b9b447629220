import { closest } from 'fastest-levenshtein';
import { readRecords, type StoredRecord } from '../../local/demo-store.ts';
import { type Replay, replay as replayJournal } from '../../workflows/rollout/replay.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { entryLine, isTelling } from '../terminal/entry-line.ts';
import { counted } from '../terminal/words.ts';
import { type Context, tellProblems } from './context.ts';

export interface ReplayOptions {
  readonly store: string;
  readonly json?: boolean;
}

interface Replayed {
  readonly record: StoredRecord;
  readonly replay: Replay;
}

/** `sluice replay`: runs journals again from their specs, and says whether they end in what is stored. */
export const replay = async (
  context: Context,
  rolloutId: string | undefined,
  { store, json = false }: ReplayOptions,
): Promise<ExitCode> => {
  const { io } = context;
  const read = await readRecords(store, rolloutId ?? null);
  if (read.kind === 'problems') return tellProblems(io, read.problems, json);
  const { records, ids } = read.value;
  if (records === null || records.length === 0) {
    const what = records === null ? `It has no rollout ${rolloutId ?? ''}.` : 'It has no rollout.';
    const mend =
      ids.length === 0
        ? 'Write one with `sluice demo --fast --store FILE`.'
        : `Did you mean ${closest(rolloutId ?? '', ids)}?`;
    const problem = { file: store, line: null, column: null, code: 'rollout-missing', what, mend };
    return tellProblems(io, [problem], json);
  }
  const replayed = records.map(
    (record): Replayed => ({
      record,
      replay: replayJournal(record.document, record.entries),
    }),
  );
  if (json) tellJson(context, store, replayed);
  else for (const one of replayed) tell(context, one);
  return replayed.every((one) => one.replay.kind === 'matches') ? EXIT.ok : EXIT.usage;
};

const tellJson = ({ io }: Context, store: string, replayed: readonly Replayed[]): void => {
  const rollouts = replayed.map(({ record, replay: found }) => ({
    rolloutId: record.document.rolloutId,
    state: record.document.state,
    journalEntries: record.entries.length,
    replayMatches: found.kind === 'matches',
    differsAt: found.kind === 'differs' ? { entry: found.seq, why: found.why } : null,
  }));
  const replayMatches = rollouts.every((one) => one.replayMatches);
  io.out(JSON.stringify({ store, replayMatches, rollouts }, null, 2));
};

const tell = ({ io, palette }: Context, { record, replay: found }: Replayed): void => {
  const { document, entries } = record;
  io.out(`${palette.strong(document.rolloutId)}   ${document.state}`);
  const hidden = entries.filter((entry) => !isTelling(entry)).length;
  for (const entry of entries) {
    if (!isTelling(entry) && !(found.kind === 'differs' && found.seq === entry.seq)) continue;
    const mark = found.kind === 'differs' && found.seq === entry.seq ? palette.bad('✖') : ' ';
    io.out(`${mark}${String(entry.seq).padStart(5)}  ${entryLine(entry, palette)}`);
  }
  if (hidden > 0)
    io.out(palette.faint(`        and ${counted(hidden, 'minute')} that were observed and led to nothing`));
  io.out(
    found.kind === 'matches'
      ? palette.good(`${counted(found.entries, 'entry', 'entries')}: the replay ends in the stored state`)
      : palette.bad(`the replay differs at entry ${found.seq}: ${found.why}`),
  );
};
