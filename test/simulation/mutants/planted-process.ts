import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Ask, Reply } from './mutant-child.ts';

const CHILD = join(import.meta.dirname, 'mutant-child.ts');
const LOADER = import.meta.resolve('./load-mutant.ts');

type ReplyTo<K extends Ask['kind']> = Extract<
  Reply,
  { kind: K extends 'golden' ? 'golden' : K extends 'reduce' ? 'reduced' : 'ran' }
>;

/** A process of its own, because a mutant is planted while modules are loaded. One question at a time. */
export class PlantedProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  /** @param mutant null: the product as it is. */
  constructor(mutant: string | null) {
    this.#child = fork(CHILD, {
      execArgv: ['--max-semi-space-size=32', '--import', LOADER],
      env: { ...process.env, SLUICE_MUTANT: mutant ?? '' },
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code) => resolve(code));
    });
  }

  /** @throws Error when the process dies before it answers. */
  ask<A extends Ask>(question: A): Promise<ReplyTo<A['kind']>> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => {
        reject(new Error(`the process ended with ${String(code)} at "${question.kind}"`));
      };
      this.#child.once('exit', onExit);
      this.#child.once('message', (reply) => {
        this.#child.off('exit', onExit);
        resolve(reply as ReplyTo<A['kind']>);
      });
      this.#child.send(question);
    });
  }

  /** @throws Error when the mutant was not planted whole. */
  async end(): Promise<void> {
    this.#child.disconnect();
    const code = await this.#ended;
    if (code !== 0) throw new Error(`the process ended with ${String(code)}`);
  }
}
