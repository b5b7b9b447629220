import type { Io } from '../../cli/io.ts';

export interface TestIo extends Io {
  /** What was written, in lines. */
  readonly outLines: string[];
  readonly errLines: string[];
  /** Real time that was slept away. */
  sleptMs: number;
}

/** Streams that are kept, and a clock that only sleeping moves. */
export const testIo = (given: Partial<Pick<Io, 'useColor' | 'columns'>> = {}): TestIo => {
  const outLines: string[] = [];
  const errLines: string[] = [];
  const io: TestIo = {
    outLines,
    errLines,
    sleptMs: 0,
    out: (text) => void outLines.push(...text.split('\n')),
    err: (text) => void errLines.push(...text.split('\n')),
    isTerminal: false,
    useColor: given.useColor ?? false,
    columns: given.columns ?? 100,
    stream: null,
    now: () => io.sleptMs,
    sleep: async (ms) => {
      io.sleptMs += ms;
    },
  };
  return io;
};
