import type { Read } from '../../local/input-problem.ts';
import { formatInputProblem, type InputProblem } from '../../local/input-problem.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { createPalette, type Palette } from '../terminal/palette.ts';

/** What every command gets. */
export interface Context {
  readonly io: Io;
  readonly palette: Palette;
}

export const createContext = (io: Io): Context => ({ io, palette: createPalette(io.useColor) });

/** Tells problems of the input on standard error, or as JSON on standard output. */
export const tellProblems = (io: Io, problems: readonly InputProblem[], asJson: boolean): ExitCode => {
  if (asJson) io.out(JSON.stringify({ problems }, null, 2));
  else for (const problem of problems) io.err(formatInputProblem(problem));
  return EXIT.usage;
};

/** Goes on with what was read, or tells why it could not be. */
export const withRead = async <T>(
  read: Read<T>,
  tell: { readonly io: Io; readonly asJson: boolean },
  work: (value: T) => Promise<ExitCode>,
): Promise<ExitCode> =>
  read.kind === 'ok' ? work(read.value) : tellProblems(tell.io, read.problems, tell.asJson);
