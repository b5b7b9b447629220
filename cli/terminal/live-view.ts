import { createLogUpdate } from 'log-update';
import type { Io } from '../io.ts';

/** Lines that stay, above a picture that is redrawn in place where the output is a terminal. */
export interface LiveView {
  readonly redraws: boolean;
  line(text: string): void;
  draw(lines: readonly string[]): void;
  /** The picture goes; the lines stay. */
  done(): void;
}

export const createLiveView = (io: Io): LiveView => {
  if (!io.isTerminal || io.stream === null)
    return { redraws: false, line: (text) => io.out(text), draw: () => {}, done: () => {} };
  const update = createLogUpdate(io.stream);
  let drawn: string | null = null;
  return {
    redraws: true,
    line: (text) => {
      if (drawn === null) {
        io.out(text);
        return;
      }
      update.clear();
      io.out(text);
      update(drawn);
    },
    draw: (lines) => {
      drawn = lines.join('\n');
      update(drawn);
    },
    done: () => {
      if (drawn !== null) update.clear();
      update.done();
    },
  };
};
