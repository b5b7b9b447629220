import type { Log } from '../../workflows/ports.ts';

export interface JsonLogOptions {
  /** Takes one line, without its end. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** `projects/P/traces/ID` of the invocation that logs; null where nobody traces. */
  readonly trace: () => string | null;
}

/**
 * One line of JSON per entry, with the names that Cloud Logging lifts out of it.
 * Source: Cloud Logging, "Structured logging", special fields of jsonPayload.
 */
export const createJsonLog =
  ({ write, nowMs, trace }: JsonLogOptions): Log =>
  (severity, code, message, fields = {}) => {
    const tracedBy = trace();
    const { rolloutId } = fields;
    write(
      JSON.stringify({
        ...fields,
        severity,
        message,
        code,
        time: new Date(nowMs()).toISOString(),
        ...(rolloutId === undefined || rolloutId === null
          ? {}
          : { 'logging.googleapis.com/labels': { rolloutId: String(rolloutId) } }),
        ...(tracedBy === null ? {} : { 'logging.googleapis.com/trace': tracedBy }),
      }),
    );
  };
