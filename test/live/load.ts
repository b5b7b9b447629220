import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { LoadOrder, LoadReport } from './load-child.ts';

/** Users in a process of their own. */
export interface RunningLoad {
  /** No more requests; what is under way is waited for. */
  end(): Promise<LoadReport>;
}

const CHILD = join(import.meta.dirname, 'load-child.ts');

/** Begins at once. */
export const startLoad = (order: LoadOrder): RunningLoad => {
  const child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(order);
  return {
    end: async () => {
      child.send('end');
      const [report] = (await once(child, 'message')) as [LoadReport];
      child.disconnect();
      return report;
    },
  };
};
