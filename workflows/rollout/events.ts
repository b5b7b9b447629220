/** The machine's events: facts in the past tense. `step` makes them out of messages; nothing else may. */
import type { Evidence } from '../steps/evidence.ts';
import type { Command, Drift, HoldReason, Notice, Outcome } from './messages.ts';
import type { Incident } from './stored.ts';

type OutcomeEvents = {
  [K in Exclude<Outcome['kind'], 'drifted'>]: {
    readonly type: K;
    readonly outcome: Extract<Outcome, { kind: K }>;
  };
}[Exclude<Outcome['kind'], 'drifted'>];

type CommandEvents = {
  [N in Command['name']]: {
    readonly type: `command.${N}`;
    readonly command: Extract<Command, { name: N }>;
    readonly principal: string;
  };
}[Command['name']];

export type Tripped = Extract<Notice, { kind: 'tripped' }>;

export type RolloutEvent =
  | OutcomeEvents
  | CommandEvents
  /** A foreign change, seen by a hand or by a look. */
  | { readonly type: 'drifted'; readonly drift: Drift }
  | { readonly type: 'alerted'; readonly incident: Incident }
  | { readonly type: 'tripped'; readonly notice: Tripped }
  /** A minute's look, already absorbed; `tripped` when a tripwire of the minute tripped. */
  | { readonly type: 'observed'; readonly evidence: Evidence; readonly tripped: Tripped | null }
  // Raised by the machine itself.
  | {
      readonly type: 'holdBegun';
      readonly reason: HoldReason;
      readonly sentence: string;
      readonly auto: boolean;
      readonly driftSharePercent: number | null;
      readonly driftWhat: Drift['what'] | null;
    }
  | { readonly type: 'holdExpired'; readonly sentence: string }
  | { readonly type: 'holdCleared' }
  | {
      readonly type: 'resumed';
      readonly adopt: boolean;
      readonly reapply: boolean;
      readonly restart: boolean;
    }
  | { readonly type: 'ended' };
