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
    const seconds = progress.label === 'soak' ? 5 : progress.label === 'retention' ? 3 : 4.5;
    return Math.max(20, progress.ofMs / (seconds * 1000));
  }
  if (hold !== null) return 40;
  switch (state) {
    case 'shifting':
      return step === 'approving' || step === 'waitingForWindow' ? 40 : 14;
    case 'rollingBack':
      if (step === 'writing' || step === 'confirming') return 6;
      return step === 'keeping' ? (60 * MINUTE_MS) / 2500 : 90;
    case 'failing':
      return step === 'keeping' ? (60 * MINUTE_MS) / 2500 : 90;
    case 'retiring':
      return 60;
    default:
      return 90;
  }
};

/** Time jumps from event to event: a long jump is a long frame, but nobody waits for longer than this. */
const FRAME_MS_MAX = 1_500;

/** Waits until the next frame is due in real time; answers how much virtual time may pass before it, ms. */
export const createPacer = (io: Io): ((frame: DemoFrame) => Promise<number>) => {
  const startedMs = io.now();
  let dueMs = startedMs;
  let last: { readonly nowMs: number; readonly speed: number } | null = null;
  return async (frame) => {
    const nowMs = io.now();
    if (nowMs - startedMs > PATIENCE_MS) return Number.POSITIVE_INFINITY;
    const jumpMs = last === null ? 0 : (frame.nowMs - last.nowMs) / last.speed;
    // What computing took is part of the frame's time; what it took too long is not caught up with.
    dueMs = Math.max(dueMs + Math.min(FRAME_MS_MAX, Math.max(FRAME_MS, jumpMs)), nowMs);
    if (dueMs > nowMs) await io.sleep(dueMs - nowMs);
    const speed = speedOf(frame);
    last = { nowMs: frame.nowMs, speed };
    return FRAME_MS * speed;
  };
};
