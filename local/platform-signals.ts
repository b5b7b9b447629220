import type { Platform } from './platform.ts';

export interface EndOptions {
  /** The first signal came: what is under way gets some time. */
  readonly onSignal?: (signal: NodeJS.Signals) => void;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/** As a shell tells who died of a signal. */
const CODES: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Resolves once a signal came and the platform has stopped. A second signal ends the process at once: nothing is lost by
 * that, since the next start goes on from what is on the disk.
 */
export const untilSignalled = (
  platform: Pick<Platform, 'stop'>,
  { onSignal }: EndOptions = {},
): Promise<'clean' | 'cut'> =>
  new Promise((resolve, reject) => {
    let isStopping = false;
    const hear = (signal: NodeJS.Signals): void => {
      if (isStopping) process.exit(CODES[signal] ?? 1);
      isStopping = true;
      onSignal?.(signal);
      platform.stop().then((how) => {
        for (const one of SIGNALS) process.off(one, hear);
        resolve(how);
      }, reject);
    };
    for (const signal of SIGNALS) process.on(signal, hear);
  });
