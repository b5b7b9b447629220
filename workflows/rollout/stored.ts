/**
 * What is kept of a rollout (protocol P1). The document is one record; `spec`, `plan`, `snapshot` and
 * `rollbackRecord` are JSON strings that no store looks into. Schemas parse after each read and before each write.
 */
import * as z from 'zod';
import type { Message } from './messages.ts';

/** Documents stay under this; checked before each commit. */
export const DOCUMENT_BYTES_MAX = 256 * 1024;

export const SCHEMA_VERSION = 1;

const timerSchema = z.strictObject({
  /** Which timer: `bake`, `deadline`, … */
  id: z.string(),
  /** Names the entry of the state it was set in; a timer of another entry is void (P9). */
  token: z.string(),
  dueAtMs: z.number(),
});

const outboxItemSchema = z.strictObject({
  /** `rolloutId/revision/index`: stays the same through all attempts. */
  id: z.string(),
  /** An effect of effects.ts, checked there. */
  effect: z.looseObject({ kind: z.string() }),
  /** The fence of the decision that made it (P4). */
  fence: z.number(),
  /** When the next attempt is due; part of `wakeAtMs`. */
  notBeforeMs: z.number(),
});

export const rolloutDocumentSchema = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  rolloutId: z.string(),
  /** Grows by one with each commit. */
  revision: z.number(),
  /** Tells a commit of ours whose answer was lost from one of somebody else (P2). */
  lastCommitId: z.string(),
  machineVersion: z.string(),
  machineHash: z.string(),
  /** For lists: the state of the progress, and the kind of hold. */
  state: z.string(),
  held: z.string().nullable(),
  /** min(timers, retry times of the outbox, the next look); null only when there is no work left. */
  wakeAtMs: z.number().nullable(),
  createdAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  /** `cluster/namespace/pool` of the old pool. */
  poolKey: z.string(),
  /** Alert policies that may stop this rollout. */
  watches: z.array(z.string()),
  /** No time before this is ever used again (P9). */
  lastNowMs: z.number(),
  /** Grows with every decision about traffic (P4). */
  fence: z.number(),
  /** Invocations in a row that failed by our own fault or the store's; backs off. */
  failures: z.number(),
  spec: z.string(),
  plan: z.string().nullable(),
  snapshot: z.string(),
  rollbackRecord: z.string().nullable(),
  /** Why the record was executed; the machine has not heard of it yet. */
  recordExecuted: z.string().nullable(),
  timers: z.array(timerSchema),
  outbox: z.array(outboxItemSchema),
  /** The last message ids that were applied; an optimisation (P7). */
  seen: z.array(z.string()),
  journalSeq: z.number(),
  journalHash: z.string(),
  /** Entries up to here were published. */
  publishedSeq: z.number(),
});

export type RolloutDocument = Readonly<z.infer<typeof rolloutDocumentSchema>>;
export type Timer = Readonly<z.infer<typeof timerSchema>>;
export type OutboxItem = Readonly<z.infer<typeof outboxItemSchema>>;

/** A gate's answer with what it was judged on. */
export interface Verdict {
  readonly gate: string;
  readonly answer: 'pass' | 'fail' | 'inconclusive';
  /** From and to, ms since 1970. */
  readonly windowMs: readonly [number, number];
  readonly samples: number;
  readonly newValue: number | null;
  readonly oldValue: number | null;
  readonly limit: number | null;
  /** One sentence for the incident channel. */
  readonly sentence: string;
}

/** One entry per commit. With the spec, all that a replay needs: no snapshots. */
export interface JournalEntry {
  readonly rolloutId: string;
  /** From 1 without gaps. */
  readonly seq: number;
  readonly atMs: number;
  readonly message: Message;
  readonly from: string;
  readonly to: string;
  /** Kinds of the effects that were put into the outbox. */
  readonly effects: readonly string[];
  readonly verdicts: readonly Verdict[];
  /** Why the message was refused; null when it was applied. */
  readonly refusal: string | null;
  readonly sentence: string;
  readonly previousHash: string;
  /** SHA-256 over canonical JSON of all the other fields. */
  readonly hash: string;
}

/** An incident of Cloud Monitoring (protocol P8). */
export interface Incident {
  readonly incidentId: string;
  readonly state: 'open' | 'closed';
  /** Full resource name of the alert policy. */
  readonly policy: string;
  readonly policyDisplayName: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly summary: string;
}

/** Company-wide: no share grows anywhere; rollbacks work. */
export interface Freeze {
  readonly reason: string;
  readonly by: string;
  readonly sinceMs: number;
  readonly untilMs: number | null;
}

/** A message that could not be applied to any rollout. */
export interface Rejected {
  readonly id: string;
  readonly atMs: number;
  readonly door: string;
  readonly reason: string;
  /** Cut to 4 KiB. */
  readonly text: string;
}

/** Something kept for a while after its rollout ended (protocol P6). */
export interface Leftover {
  readonly id: string;
  readonly rolloutId: string;
  readonly kind: 'nodePool' | 'oldSide' | 'newSide';
  readonly cluster: string;
  /** Node pool's name, or `namespace/name` of the pool. */
  readonly name: string;
  readonly reason: string;
  /** null: only a person removes it. */
  readonly dueAtMs: number | null;
  /** The command that removes it by hand. */
  readonly byHand: string;
  /** Time of the last attempt to delete it; recorded before the call. */
  readonly attemptedAtMs: number | null;
}
