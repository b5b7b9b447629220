import type { CloudEvent } from '../workflows/door-types.ts';
import { all } from './runtime/all.ts';
import { messageDoor } from './runtime/entrypoint.ts';
import { removeDueLeftovers } from './runtime/leftovers.ts';
import type { Shell } from './runtime/shell.ts';
import { publishWake } from './runtime/wake.ts';

const PAGE_SIZE = 100;

/** More pages than any fleet has: a bound, not a limit that anybody should meet. */
const PAGES_MAX = 1_000;

/** One after the other a thousand wakes would be late by more than two wakes of a rollout overlap. */
const PUBLISHED_AT_ONCE = 10;

/**
 * Once a minute: one wake for each rollout that is due, all pages of them, so that none can starve the others; then the
 * leftovers whose time has come. What the message says does not matter, only that it came.
 */
export const createOnTick = (shell: Shell): ((event: CloudEvent) => Promise<void>) =>
  messageDoor(shell, 'on-tick', async () => {
    await wakeAllDue(shell);
    await removeDueLeftovers(shell);
  });

const wakeAllDue = async (shell: Shell): Promise<void> => {
  // One that commits meanwhile is due anew behind the cursor: it is found again there, or only there.
  const woken = new Set<string>();
  let after: { readonly rolloutId: string; readonly wakeAtMs: number } | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { rollouts } = await shell.ports.store.due({
      limit: PAGE_SIZE,
      ...(after === undefined ? {} : { after }),
    });
    const due = rollouts.filter(({ rolloutId }) => !woken.has(rolloutId));
    for (const { rolloutId } of due) woken.add(rolloutId);
    for (let from = 0; from < due.length; from += PUBLISHED_AT_ONCE)
      await all(due.slice(from, from + PUBLISHED_AT_ONCE).map((rollout) => publishWake(shell, rollout)));
    after = rollouts[rollouts.length - 1];
    if (rollouts.length < PAGE_SIZE) return;
  }
};
