import type { CloudEvent } from '../workflows/door-types.ts';
import { messageDoor } from './runtime/entrypoint.ts';
import { removeDueLeftovers } from './runtime/leftovers.ts';
import type { Shell } from './runtime/shell.ts';
import { publishWake } from './runtime/wake.ts';

const PAGE_SIZE = 100;

/** More pages than any fleet has: a bound, not a limit that anybody should meet. */
const PAGES_MAX = 1_000;

/**
 * Once a minute: one wake for each rollout that is due, all pages of them, so that none can starve the others; then the
 * leftovers whose time has come. What the message says does not matter, only that it came.
 */
export const createOnTick = (shell: Shell): ((event: CloudEvent) => Promise<void>) =>
  messageDoor(shell, 'on-tick', async () => {
    let after: { wakeAtMs: number; rolloutId: string } | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const due = await shell.ports.store.due({
        limit: PAGE_SIZE,
        ...(after === undefined ? {} : { after }),
      });
      for (const rollout of due.rollouts) await publishWake(shell, rollout);
      after = due.rollouts[due.rollouts.length - 1];
      if (due.rollouts.length < PAGE_SIZE) break;
    }
    await removeDueLeftovers(shell);
  });
