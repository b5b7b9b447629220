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
  /** In the order of their last use. */
  const parsed = new Map<string, unknown>();
  const keep = (text: string, value: unknown): void => {
    parsed.delete(text);
    if (parsed.size >= KEPT_MAX) for (const oldest of parsed.keys()) if (parsed.delete(oldest)) break;
    parsed.set(text, value);
  };
  return {
    keep,
    parse: <T>(text: string, read: (text: string) => T = JSON.parse): T => {
      const value = (parsed.get(text) ?? read(text)) as T;
      keep(text, value);
      return value;
    },
  };
};
