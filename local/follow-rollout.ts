/** Follows one rollout from commit to commit: its state, its shares with their three clocks, its samples per rung. */
import { type RolloutState, readState } from '../workflows/rollout/read-state.ts';
import type { JournalEntry, RolloutDocument } from '../workflows/rollout/stored.ts';

/** A share and its three clocks, ms since 1970; null: not yet, or never. */
export interface ShareClocks {
  readonly sharePercent: number;
  readonly writtenMs: number;
  programmedMs: number | null;
  /** The new side's part of the requests went more than half of the way to the share. */
  measuredMs: number | null;
}

export interface Followed {
  readonly document: RolloutDocument;
  readonly state: RolloutState;
}

export class RolloutFollower {
  /** Written shares in order; a share that is confirmed anew after a hold is not repeated. */
  readonly shares: ShareClocks[] = [];
  readonly samples: number[] = [];
  /** Of each gate that spoke: the most samples that a verdict of it had, by rung; a rung that it was silent in has none. */
  readonly gateSamples = new Map<string, number[]>();
  now: Followed | null = null;
  #seen = 0;

  /** A commit of the rollout and the journal as it stands then. Returns the new entries. */
  take(document: RolloutDocument, journal: readonly JournalEntry[]): readonly JournalEntry[] {
    const rungBefore = this.now?.state.context.rung ?? -1;
    const state = readState(document);
    this.now = { document, state };
    const entries = journal.slice(this.#seen);
    this.#seen = journal.length;
    for (const entry of entries) {
      this.#takeEntry(entry);
      for (const { gate, samples } of entry.verdicts) {
        if (gate === 'errors') this.#addSamples(rungBefore, samples);
        this.#addGateSamples(gate, rungBefore, samples);
      }
    }
    const { rung, bake, evidence } = state.context;
    if (bake.startedAtMs !== null) this.#addSamples(rung, evidence.new.errors.n);
    return entries;
  }

  #takeEntry({ message, atMs }: JournalEntry): void {
    if (message.kind !== 'outcome') return;
    const { outcome } = message;
    const last = this.shares.at(-1);
    if (outcome.kind === 'weightsWritten' || outcome.kind === 'rollbackWritten') {
      if (last?.sharePercent === outcome.sharePercent) return;
      const { sharePercent, atMs: writtenMs } = outcome;
      this.shares.push({ sharePercent, writtenMs, programmedMs: null, measuredMs: null });
    } else if (outcome.kind === 'weightsConfirmed' || outcome.kind === 'rollbackConfirmed') {
      if (last !== undefined) last.programmedMs ??= outcome.atMs;
    } else if (outcome.kind === 'adopted' && last?.sharePercent !== outcome.sharePercent) {
      // Somebody else wrote it; when, only the API server knows.
      this.shares.push({
        sharePercent: outcome.sharePercent,
        writtenMs: atMs,
        programmedMs: null,
        measuredMs: null,
      });
    }
  }

  #addGateSamples(gate: string, rung: number, samples: number): void {
    if (rung < 0) return;
    const ofGate = this.gateSamples.get(gate) ?? [];
    ofGate[rung] = Math.max(ofGate[rung] ?? 0, samples);
    this.gateSamples.set(gate, ofGate);
  }

  /** Requests of the new side that the rung has seen; a rung that begins anew keeps the larger figure. */
  #addSamples(rung: number, samples: number): void {
    if (rung >= 0) this.samples[rung] = Math.max(this.samples[rung] ?? 0, samples);
  }
}
