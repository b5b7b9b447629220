import { AsyncLocalStorage } from 'node:async_hooks';

/** Runs work under the trace that a header names. */
export type Traced = <T>(header: unknown, work: () => Promise<T>) => Promise<T>;

export interface Tracing {
  readonly traced: Traced;
  /** `projects/P/traces/ID`; null outside of a traced invocation. */
  readonly trace: () => string | null;
}

/** W3C `traceparent`, or `X-Cloud-Trace-Context` of Google's front ends: both begin with 32 hex digits. */
const TRACE_ID = /^(?:00-)?([0-9a-f]{32})\b/i;

/** Knows which trace the code that runs belongs to, so that log lines of one invocation are found together. */
export const createTracing = (project: string): Tracing => {
  const traces = new AsyncLocalStorage<string>();
  return {
    traced: (header, work) => {
      const id = typeof header === 'string' ? TRACE_ID.exec(header)?.[1] : undefined;
      return id === undefined ? work() : traces.run(`projects/${project}/traces/${id.toLowerCase()}`, work);
    },
    trace: () => traces.getStore() ?? null,
  };
};
