import type { DemoInput } from '../../local/demo-input.ts';
import type { DemoEnd, DemoSettings, DemoWatcher } from '../../local/demo-watch.ts';
import type { ExitCode } from '../exit-codes.ts';

export interface DemoOptions {
  readonly scenario: string;
  readonly stack?: string;
  readonly file?: string;
  readonly seed: number;
  /** In virtual time, in this process, over direct ports. */
  readonly virtual?: boolean;
  /** Virtual, and not paced. */
  readonly fast?: boolean;
  /** The world stays up after the end, until Ctrl-C. */
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly store?: string;
}

export const DEMO_REQUESTS_PER_SECOND = 150;

/** A demo that was read and is told in the end. */
export interface DemoCall {
  readonly input: DemoInput;
  readonly options: DemoOptions;
  readonly settings: DemoSettings;
  readonly watcher: DemoWatcher;
  readonly tell: (end: DemoEnd) => Promise<ExitCode>;
}
