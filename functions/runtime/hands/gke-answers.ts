import type { GkeErrorCode } from '../../../workflows/ports.ts';

const PASSING: ReadonlySet<GkeErrorCode> = new Set<GkeErrorCode>([
  'UNAVAILABLE',
  'INTERNAL',
  'ABORTED',
  'RESOURCE_EXHAUSTED',
]);

/** An answer of GKE to a read that another try may not get. RESOURCE_EXHAUSTED: the limit of requests a minute. */
export const isPassing = (code: GkeErrorCode): boolean => PASSING.has(code);
