import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BareOrder, BareReply, BareRoute } from './bare-patch-child.ts';

/** Patches beside those of Sluice: what the server takes for one. */
export interface BarePatches {
  /** Milliseconds of each. @throws Error when one is refused. */
  run(count: number): Promise<readonly number[]>;
  close(): void;
}

const CHILD = join(import.meta.dirname, 'bare-patch-child.ts');
/** The connection, and the code of both ends. */
const WARM_UP = 100;

export const startBarePatches = async (route: BareRoute): Promise<BarePatches> => {
  const child = fork(CHILD, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const run = async (count: number): Promise<readonly number[]> => {
    child.send({ route, count } satisfies BareOrder);
    const [reply] = (await once(child, 'message')) as [BareReply];
    if (reply.problem !== null) throw new Error(`a bare patch: ${reply.problem}`);
    return reply.ms;
  };
  await run(WARM_UP);
  return { run, close: () => child.disconnect() };
};
