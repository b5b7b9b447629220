import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Ask, Reply } from './mutant-child.ts';

const CHILD = join(import.meta.dirname, 'mutant-child.ts');
const LOADER = import.meta.resolve('./load-mutant.ts');

type ReplyTo<K extends Ask['kind']> = Extract<
  Reply,
  { kind: K extends 'golden' ? 'golden' : K extends 'reduce' ? 'reduced' : 'ran' }
>;

/** How a process ended: with a code, by a signal, or not even begun. */
type End = { readonly code: number | null; readonly how: string };

/** A process of its own, because a mutant is planted while modules are loaded. One question at a time. */
export class PlantedProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<End>;

  /**
   * @param mutant null: the product as it is.
   * @param child the program that answers.
   */
  constructor(mutant: string | null, child = CHILD) {
    this.#child = fork(child, {
      execArgv: ['--max-semi-space-size=32', '--import', LOADER],
      env: { ...process.env, SLUICE_MUTANT: mutant ?? '' },
    });
    // Listened to from the beginning: it may be over before the first question.
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, how: `with ${String(code ?? signal)}` }));
      this.#child.once('error', (error) => resolve({ code: null, how: `with ${error.message}` }));
    });
  }

  /** @throws Error when the process dies before it answers, or has died. */
  async ask<A extends Ask>(question: A): Promise<ReplyTo<A['kind']>> {
    const replied = new Promise<Reply>((resolve) => {
      this.#child.once('message', (reply) => resolve(reply as Reply));
    });
    // What cannot be sent any more is told by how the process ended.
    if (this.#child.connected) this.#child.send(question, () => undefined);
    const reply = await Promise.race([replied, this.#ended.then(({ how }) => how)]);
    if (typeof reply === 'string') throw new Error(`the process ended ${reply} at "${question.kind}"`);
    return reply as ReplyTo<A['kind']>;
  }

  get isAlive(): boolean {
    return this.#child.connected && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Of one that is not asked any more, whatever it is doing. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** @throws Error when the mutant was not planted whole. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const { code, how } = await this.#ended;
    if (code !== 0) throw new Error(`the process ended ${how}`);
  }
}
