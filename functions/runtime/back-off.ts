import { commitOnce } from './advance.ts';
import type { Shell } from './shell.ts';

const FIRST_MS = 60_000;
const LONGEST_MS = 3_600_000;

/**
 * A rollout that keeps failing by our own fault is asked less and less often (protocol P3), except while its traffic is
 * split: there every tick tries again. Nothing else of the document changes.
 */
export const backOff = async (shell: Shell, rolloutId: string): Promise<void> => {
  const { document, readAtMs } = await shell.ports.store.load({ rolloutId });
  if (document === null || document.finishedAtMs !== null) return;
  const failures = document.failures + 1;
  const waitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  await commitOnce(shell, {
    expectedRevision: document.revision,
    document: {
      ...document,
      revision: document.revision + 1,
      lastCommitId: shell.nextCommitId(),
      failures,
      wakeAtMs: document.state === 'shifting' ? document.wakeAtMs : readAtMs + waitMs,
    },
    entries: [],
  });
};
