/** The program `sluice`: reads the command line and hands over to one command. */
import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { type Io, processIo } from './io.ts';
import { createProgram } from './program.ts';

/** Runs one command line; never throws. @param args without node and script. */
export const runCli = async (args: readonly string[], io: Io): Promise<ExitCode> => {
  let code: ExitCode = EXIT.ok;
  const program = createProgram(io, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const message = error instanceof Error ? error.message : String(error);
    io.err(`sluice: ${message}`);
    io.err('This is an error of Sluice itself. Please report it with what you ran.');
    if ((process.env['SLUICE_DEBUG'] ?? '') !== '' && error instanceof Error) io.err(error.stack ?? '');
    return EXIT.usage;
  }
};

/** The process's own command line. */
export const main = async (): Promise<void> => {
  process.exitCode = await runCli(process.argv.slice(2), processIo());
};

if (import.meta.main) await main();
