import type { StorePort } from '../../workflows/ports.ts';
import type { Rejected } from '../../workflows/rollout/stored.ts';

/** What a test reads of a store, and never writes. */
export interface StoreReader extends Pick<StorePort, 'load' | 'list' | 'journal' | 'locks' | 'leftovers'> {
  rejected(): Promise<readonly Rejected[]>;
  close(): Promise<void>;
}

/** A store that the killed process uses and the test can read. */
export interface KillStore {
  readonly name: string;
  /** `SLUICE_*` for the process with this state folder. */
  environment(stateDir: string): Readonly<Record<string, string>>;
  /** Beside the process that uses it; null: it has made nothing yet. */
  open(stateDir: string, now: () => number): Promise<StoreReader | null>;
  /**
   * As a dead process left it. Nobody but the next process may open, mend or lock what lies there, so this reads a copy, or
   * asks a server of which the process was but a client.
   */
  openDead(stateDir: string, now: () => number): Promise<StoreReader | null>;
  /** Keeps a copy of what is committed now; for a store that is to be broken. */
  remember(stateDir: string): Promise<void>;
  /** Puts the last copy back that is older than what is there; false: there is none. Only while no process runs. */
  loseLastCommit(stateDir: string): Promise<boolean>;
}
