/** What the program tells scripts. */
export const EXIT = {
  ok: 0,
  usage: 1,
  planErrors: 2,
  planWarnings: 3,
  rolledBack: 4,
  failed: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
