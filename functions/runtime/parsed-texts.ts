/**
 * The texts that this process parsed last. Each wake reads the same plan and snapshot again, and a plan of a dozen
 * objects takes longer to parse than everything else that a look does. What is handed out is shared: nobody changes it.
 */
export interface ParsedTexts {
  /** @throws what `read` throws; SyntaxError without one, when the text is no JSON. */
  readonly parse: <T>(text: string, read?: (text: string) => T) => T;
}

/** Spec, plan and snapshot of a handful of rollouts; 12 KiB each, so that a process with thousands keeps no more. */
const KEPT_MAX = 24;

export const createParsedTexts = (): ParsedTexts => {
  const parsed = new Map<string, unknown>();
  return {
    parse: <T>(text: string, read: (text: string) => T = JSON.parse): T => {
      const known = parsed.get(text);
      if (known !== undefined) return known as T;
      const value = read(text);
      if (parsed.size >= KEPT_MAX) for (const oldest of parsed.keys()) if (parsed.delete(oldest)) break;
      parsed.set(text, value);
      return value;
    },
  };
};
