import type { Applied, Operation } from './handlers.ts';

/**
 * What a caller is told when no answer came: a value of the port, but for the store, which throws. Nobody knows
 * whether the call happened.
 */
export function lostAnswer(operation: Operation, args: unknown, tookMs: number): Applied<unknown> {
  const why = 'no answer in time';
  if (operation.port === 'store') {
    return { failure: { code: 'store-unavailable', message: `${operation.name}: ${why}` }, tookMs };
  }
  if (operation.port !== 'models') return { value: { kind: 'noAnswer', why }, tookMs };
  const unanswered = { kind: 'unanswered', why };
  if (operation.method !== 'scrape') return { value: unanswered, tookMs };
  const { targets } = args as { readonly targets: readonly unknown[] };
  return { value: targets.map(() => unanswered), tookMs };
}

/** After how long the caller gives up: its own time-out where the call names one. */
export function givesUpAfterMs(operation: Operation, args: unknown, otherwiseMs: number): number {
  return operation.port === 'models' ? (args as { readonly timeoutMs: number }).timeoutMs : otherwiseMs;
}
