/** How many message ids a document remembers: an optimisation, correctness comes from targets (P7). */
const SEEN_MAX = 40;

/** The ids with one more; the oldest are forgotten. */
export const remember = (seen: readonly string[], messageId: string): string[] =>
  [...seen, messageId].slice(-SEEN_MAX);
