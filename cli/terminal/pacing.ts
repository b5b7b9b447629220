/** How fast virtual time passes so that eyes can follow: slow where something happens, fast where one only waits. */
import type { DemoFrame } from '../../local/demo-frame.ts';
import type { Io } from '../io.ts';

const FRAME_MS = 120;
/** After so long nobody wants to watch any more: the rest runs at once. */
const PATIENCE_MS = 54_000;

const MINUTE_MS = 60_000;

/** Virtual milliseconds per real one. */
export const speedOf = ({ state, step, progress, hold }: DemoFrame): number => {
  if (progress !== null) {
    const seconds = progress.label === 'soak' ? 6 : progress.label === 'retention' ? 3.5 : 6;
    return Math.max(20, progress.ofMs / (seconds * 1000));
  }
  if (hold !== null) return 40;
  switch (state) {
    case 'shifting':
      return step === 'approving' || step === 'waitingForWindow' ? 40 : 9;
    case 'rollingBack':
      if (step === 'writing' || step === 'confirming') return 6;
      return step === 'keeping' ? (60 * MINUTE_MS) / 3000 : 60;
    case 'failing':
      return step === 'keeping' ? (60 * MINUTE_MS) / 3000 : 60;
    case 'retiring':
      return 30;
    default:
      return 60;
  }
};

/** Waits until the next frame is due in real time; answers how much virtual time may pass before it, ms. */
export const createPacer = (io: Io): ((frame: DemoFrame) => Promise<number>) => {
  const startedMs = io.now();
  let dueMs = startedMs;
  return async (frame) => {
    const nowMs = io.now();
    if (nowMs - startedMs > PATIENCE_MS) return Number.POSITIVE_INFINITY;
    // What computing took is part of the frame's time; what it took too long is not caught up with.
    dueMs = Math.max(dueMs + FRAME_MS, nowMs);
    if (dueMs > nowMs) await io.sleep(dueMs - nowMs);
    return FRAME_MS * speedOf(frame);
  };
};
