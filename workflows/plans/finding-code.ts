import type { Finding } from './plan.ts';

type Phase = 'preflight' | 'create' | 'verify' | 'delete';

/** A row of the table in finding-codes.ts. */
export interface CodeText {
  readonly phases: readonly Phase[];
  readonly severity: Finding['severity'];
  /** What is looked for, in general. */
  readonly what: string;
  readonly why: string;
  readonly mend: string;
}

export const preflight = (
  severity: Finding['severity'],
  what: string,
  why: string,
  mend: string,
): CodeText => ({
  phases: ['preflight'],
  severity,
  what,
  why,
  mend,
});
