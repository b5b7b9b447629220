/**
 * The texts that this process parsed last. Each wake reads the same plan and snapshot again, and a plan of a dozen
 * objects takes longer to parse than everything else that a look does. What is handed out is shared: nobody changes it.
 */
export interface ParsedTexts {
  /** @throws what `read` throws; SyntaxError without one, when the text is no JSON. */
  readonly parse: <T>(text: string, read?: (text: string) => T) => T;
  /** Whoever has just written a text knows what it says. */
  readonly keep: (text: string, value: unknown) => void;
}

/** Spec, plan and snapshot of a handful of rollouts; 12 KiB each, so that a process with thousands keeps no more. */
const KEPT_MAX = 24;

export const createParsedTexts = (): ParsedTexts => {
  // Two generations: what was not asked for while the younger one filled up goes with the older one.
  let young = new Map<string, unknown>();
  let old = new Map<string, unknown>();
  const keep = (text: string, value: unknown): void => {
    if (young.size >= KEPT_MAX / 2) {
      old = young;
      young = new Map();
    }
    young.set(text, value);
  };
  return {
    keep,
    parse: <T>(text: string, read: (text: string) => T = JSON.parse): T => {
      const known = young.get(text);
      if (known !== undefined) return known as T;
      const value = (old.get(text) ?? read(text)) as T;
      keep(text, value);
      return value;
    },
  };
};
