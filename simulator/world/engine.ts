import type { EventQueue, TimerHandle } from './event-queue.ts';
import { createEventQueue } from './event-queue.ts';
import type { DurationRanges, WorldParameters } from './parameters.ts';
import { createRandom, type Random } from './random.ts';

type DurationKind = keyof DurationRanges;

/** A duration that the world drew itself, for those who ask how much of a rollout's time was its own. */
export interface DrawnDuration {
  readonly kind: DurationKind;
  readonly subject: string;
  readonly startedAtMs: number;
  readonly ms: number;
}

/** Virtual time, chance and waiting: what every part of the world stands on. */
export interface Engine {
  readonly parameters: WorldParameters;
  now(): number;
  at(timeMs: number, run: () => void): TimerHandle;
  after(delayMs: number, run: () => void): TimerHandle;
  cancel(handle: TimerHandle | null): void;
  random(name: string): Random;
  /** A recorded draw; 0 and unrecorded while the world is being set up. */
  draw(kind: DurationKind, subject: string): number;
  /** An unrecorded draw, for what is asked all the time. */
  drawQuietly(kind: DurationKind): number;
  /** While true everything happens at once: the world before its start. */
  settingUp: boolean;
  readonly drawn: readonly DrawnDuration[];
}

export interface EngineControl extends Engine {
  readonly queue: EventQueue;
  setNow(ms: number): void;
}

export function createEngine(parameters: WorldParameters): EngineControl {
  const queue = createEventQueue();
  const drawn: DrawnDuration[] = [];
  let now = parameters.startMs;
  const durations = createRandom(parameters.seed, 'durations');
  const quiet = createRandom(parameters.seed, 'calls');
  const engine: EngineControl = {
    parameters,
    queue,
    drawn,
    settingUp: true,
    now: () => now,
    setNow: (ms) => {
      now = ms;
    },
    at: (timeMs, run) => queue.at(Math.max(now, timeMs), run),
    after: (delayMs, run) => queue.at(now + delayMs, run),
    cancel: (handle) => queue.cancel(handle),
    random: (name) => createRandom(parameters.seed, name),
    draw(kind, subject) {
      if (engine.settingUp) return 0;
      const [min, max] = parameters.durations[kind];
      const ms = durations.integer(min, max);
      drawn.push({ kind, subject, startedAtMs: now, ms });
      return ms;
    },
    drawQuietly(kind) {
      const [min, max] = parameters.durations[kind];
      return engine.settingUp ? 0 : quiet.integer(min, max);
    },
  };
  return engine;
}

/** Runs everything up to and including `ms`, in order of time. */
export function runUntil(engine: EngineControl, ms: number): void {
  for (;;) {
    const next = engine.queue.peekMs();
    if (next === null || next > ms) break;
    const event = engine.queue.pop();
    if (event === null) break;
    if (event.timeMs > engine.now()) engine.setNow(event.timeMs);
    event.run();
  }
  if (ms > engine.now()) engine.setNow(ms);
}

/** Length of the union of the intervals: what happened side by side counts once. */
export function unionMs(durations: readonly DrawnDuration[]): number {
  const sorted = durations.toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { startedAtMs, ms } of sorted) {
    const end = startedAtMs + ms;
    if (end <= until) continue;
    total += end - Math.max(until, startedAtMs);
    until = end;
  }
  return total;
}
