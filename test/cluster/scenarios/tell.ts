/** What a scenario came to, read from the journal, and printed. */
import { replay } from '../../../workflows/rollout/replay.ts';
import type { JournalEntry } from '../../../workflows/rollout/stored.ts';
import type { Scene } from './scene.ts';
import type { Setting } from './setting.ts';

export interface Told {
  readonly state: string;
  /** Shares in the order in which they were written or adopted; the same one twice running is told once. */
  readonly shares: readonly number[];
  readonly usersFailed: number;
  readonly replayMatches: boolean;
}

export const sharesOf = (entries: readonly JournalEntry[]): readonly number[] => {
  const shares: number[] = [];
  for (const { message } of entries) {
    if (message.kind !== 'outcome') continue;
    const { outcome } = message;
    if (outcome.kind !== 'weightsWritten' && outcome.kind !== 'rollbackWritten' && outcome.kind !== 'adopted')
      continue;
    if (shares.at(-1) !== outcome.sharePercent) shares.push(outcome.sharePercent);
  }
  return shares;
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** @param startedMs of the wall, when the scenario began. */
export const tell = async (
  { sluice }: Setting,
  { namespace }: Scene,
  rolloutId: string,
  { fleet, startedMs }: { readonly fleet: Setting['fleet']; readonly startedMs: number },
): Promise<Told> => {
  const { document } = await sluice.see(rolloutId);
  const entries = await sluice.journal(rolloutId);
  const users = fleet.users(namespace);
  const virtualMs = (entries.at(-1)?.atMs ?? 0) - (entries[0]?.atMs ?? 0);
  const shares = sharesOf(entries);
  console.log(
    `cluster: ${rolloutId} ${document.state} in ${seconds(performance.now() - startedMs)} (${(virtualMs / 60_000).toFixed(1)} virtual minutes), shares ${shares.join(' ')}, ${entries.length} entries, ${users.requests} requests of users, ${users.failed} failed`,
  );
  return {
    state: document.state,
    shares,
    usersFailed: users.failed,
    replayMatches: replay(document, entries).kind === 'matches',
  };
};
