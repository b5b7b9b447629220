import type { ApiResponse } from '../../workflows/door-types.ts';

export const reply = (status: number, body: unknown): ApiResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body,
});

/** RFC 9457. `code` is stable, `detail` is for people. */
export const problem = (
  status: number,
  code: string,
  detail: string,
  extra: Readonly<Record<string, unknown>> = {},
): ApiResponse => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: { type: `https://sluice.dev/errors/${code}`, title: code, status, detail, ...extra },
});
