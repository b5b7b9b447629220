/** Where the program reads its surroundings and writes: the process's own, or a test's. */
export interface Io {
  /** Standard output, a line or more without the last newline. */
  out(text: string): void;
  /** Standard error, likewise. */
  err(text: string): void;
  /** Standard output is a terminal that is redrawn in place. */
  readonly isTerminal: boolean;
  readonly useColor: boolean;
  readonly columns: number;
  /** The stream behind `out`, for drawing in place. */
  readonly stream: NodeJS.WriteStream | null;
  /** Milliseconds of real time. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** Colour only on a terminal; NO_COLOR (no-color.org) switches it off, FORCE_COLOR on. */
const wantsColor = (env: NodeJS.ProcessEnv, isTerminal: boolean): boolean => {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'] ?? '';
  if (force !== '') return force !== '0' && force !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
};

/** The process's streams and clock. */
export const processIo = (): Io => {
  const { stdout, stderr, env } = process;
  // A reader that goes away (`| head`) is no error of ours.
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      throw error;
    });
  const isTerminal = stdout.isTTY === true && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === '';
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    isTerminal,
    useColor: wantsColor(env, stdout.isTTY === true),
    columns: stdout.columns ?? 100,
    stream: stdout,
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
  };
};
