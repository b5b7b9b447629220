import { readFileSync } from 'node:fs';

/** One exchange with a real API server, as recorded. */
export interface RecordedExchange {
  readonly name: string;
  readonly why: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly contentType?: string;
    readonly body?: unknown;
    readonly rawBody?: string;
    readonly as: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly lines?: readonly unknown[];
  };
}

/** The exchanges of a file, in the order in which they were made. */
export const recordedExchanges = (path: string): readonly RecordedExchange[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedExchange);

/**
 * Which of our uids and resource versions stand for the recorded placeholders `<uid 1>`, `<rv 2>`. One stands for one, and
 * versions keep their order.
 */
export class Placeholders {
  readonly #ours = new Map<string, string>();
  readonly #theirs = new Map<string, string>();

  /** Our value for a recorded one; null when it was never seen in an answer. */
  ours(placeholder: string): string | null {
    return this.#ours.get(placeholder) ?? null;
  }

  /** Notes that `value` stands for `placeholder`; false when one of them stands for something else already. */
  bind(placeholder: string, value: string): boolean {
    const known = this.#ours.get(placeholder);
    const other = this.#theirs.get(value);
    if (known !== undefined || other !== undefined) return known === value && other === placeholder;
    this.#ours.set(placeholder, value);
    this.#theirs.set(value, placeholder);
    return this.#inOrder();
  }

  #inOrder(): boolean {
    const versions = [...this.#ours]
      .filter(([placeholder]) => placeholder.startsWith('<rv '))
      .map(([placeholder, value]) => [Number(placeholder.slice(4, -1)), Number(value)] as const)
      .sort(([a], [b]) => a - b);
    return versions.every(([, value], at) => at === 0 || (versions[at - 1]?.[1] ?? 0) < value);
  }
}
