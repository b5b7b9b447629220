/** What a demo is told, and what it tells: the same for one in virtual time and one over real servers. */
import type { World } from '../simulator/world/world.ts';
import type { JournalEntry } from '../workflows/rollout/stored.ts';
import type { DemoFrame } from './demo-frame.ts';
import type { DemoRun } from './demo-result.ts';
import type { InputProblem } from './input-problem.ts';

export interface DemoSettings {
  readonly seed: number;
  readonly requestsPerSecond: number;
  /** The last number of rollouts of a name that were there before. */
  readonly lastNumbers?: Readonly<Record<string, number>>;
}

export interface DemoWatcher {
  /** The stack has served for a while and nothing is started: for those who compare with how it was. */
  onWorld?(world: World): void;
  /** Just before the start; the codes of the warnings that the demo accepts in a file that it made. */
  onStart?(accepted: readonly string[]): void;
  onEntry?(entry: JournalEntry): void;
  /** Called once in a while; answers how much virtual time may pass until the next frame, ms. Absent: no frames. */
  onFrame?(frame: DemoFrame): Promise<number>;
}

export type DemoEnd =
  | { readonly kind: 'ran'; readonly run: DemoRun }
  /** The API refused to start it. */
  | { readonly kind: 'refused'; readonly problems: readonly InputProblem[] }
  /** Somebody wanted no more of it. */
  | { readonly kind: 'interrupted' };
