/** What a published journal tells about a rollout: who held it and when, what was skipped, adopted, rolled back. */
import type { SeenEntry } from '../seen.ts';
import { at } from './routes.ts';

/** Was it applied, and not refused? */
export const isApplied = (entry: SeenEntry): boolean => entry.refusal === null;

/** Name of the command that an entry applied; null for all else. */
export const commandOf = (entry: SeenEntry): string | null => {
  const name = entry.message.kind === 'command' ? at(entry.message, 'command', 'name') : undefined;
  return isApplied(entry) && typeof name === 'string' ? name : null;
};

/** Kind of the outcome that an entry applied, `weightsConfirmed`, `adopted` and so on; null for all else. */
export const outcomeOf = (entry: SeenEntry): string | null => {
  const kind = entry.message.kind === 'outcome' ? at(entry.message, 'outcome', 'kind') : undefined;
  return isApplied(entry) && typeof kind === 'string' ? kind : null;
};

/** How long of an interval people held the rollout: from each pause to the resume after it, ms. */
export const pausedMs = (entries: readonly SeenEntry[], fromMs: number, toMs: number): number => {
  let sinceMs: number | null = null;
  let heldMs = 0;
  const count = (untilMs: number): void => {
    if (sinceMs !== null) heldMs += Math.max(0, Math.min(untilMs, toMs) - Math.max(sinceMs, fromMs));
    sinceMs = null;
  };
  for (const entry of entries) {
    const command = commandOf(entry);
    if (command === 'pause') sinceMs ??= entry.atMs;
    else if (command === 'resume' || entry.to === 'rollingBack') count(entry.atMs);
  }
  count(toMs);
  return heldMs;
};

/** The entry with which the way back began; undefined: it never did, or nobody was told. */
export const rollbackOf = (entries: readonly SeenEntry[]): SeenEntry | undefined =>
  entries.find(
    (entry) =>
      isApplied(entry) &&
      ((entry.to === 'rollingBack' && entry.from !== 'rollingBack') ||
        entry.message.kind === 'recordExecuted'),
  );

/** The foreign share that was adopted last before a moment, with the time; null: none was, percent. */
export const adoptionBefore = (
  entries: readonly SeenEntry[],
  atMs: number,
): { readonly atMs: number; readonly sharePercent: number } | null => {
  const entry = entries.findLast((one) => outcomeOf(one) === 'adopted' && one.atMs <= atMs);
  const share = at(entry?.message, 'outcome', 'sharePercent');
  return entry === undefined || typeof share !== 'number' ? null : { atMs: entry.atMs, sharePercent: share };
};
