import { hash32 } from '../world/random.ts';

const TEXT_MAX = 160;

/** Short values as JSON, long ones as length and fingerprint. */
export function digest(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length <= TEXT_MAX
    ? text
    : `${text.slice(0, 60)}… ${text.length} ${hash32(text).toString(16).padStart(8, '0')}`;
}

/** Everything that happened in a run, a line each: `time process what`. */
export class History {
  readonly #lines: string[] = [];

  add(atMs: number, process: string, what: string): void {
    this.#lines.push(`${atMs} ${process} ${what}`);
  }

  text(): string {
    return this.#lines.join('\n');
  }
}
