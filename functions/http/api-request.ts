import type { Request } from '@google-cloud/functions-framework';
import type { ApiRequest, ApiResponse } from '../../workflows/door-types.ts';
import { problem } from '../runtime/reply.ts';

/** A start carries its manifests: a few hundred KiB at most. */
const BODY_BYTES_MAX = 1024 * 1024;

export type BodyRead =
  | { readonly kind: 'ok'; readonly body: unknown }
  | { readonly kind: 'refused'; readonly answer: ApiResponse };

/** The body as JSON. The framework has parsed it already, and kept its bytes; JSON that is none never comes this far. */
export const bodyOf = ({ rawBody, body, headers }: Request): BodyRead => {
  const bytes = rawBody?.length ?? 0;
  if (bytes === 0) return { kind: 'ok', body: undefined };
  if (bytes > BODY_BYTES_MAX) {
    const detail = `the body has ${bytes} bytes, more than ${BODY_BYTES_MAX}`;
    return { kind: 'refused', answer: problem(413, 'body-too-large', detail) };
  }
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json')
    return {
      kind: 'refused',
      answer: problem(
        415,
        'body-not-json',
        `send the body as application/json, not ${type || 'without a type'}`,
      ),
    };
  return { kind: 'ok', body: body as unknown };
};

/** Of a name that comes several times the first counts. */
const firsts = (
  fields: Readonly<Record<string, unknown>>,
  nameOf: (name: string) => string,
): Record<string, string> => {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === 'string') found[nameOf(name)] = first;
  }
  return found;
};

export const headersOf = ({ headers }: Request): Record<string, string> =>
  firsts(headers, (name) => name.toLowerCase());

/** As the door knows it. HEAD asks what GET would answer. */
export const apiRequestOf = (request: Request, body: unknown, principal: string): ApiRequest => ({
  method: request.method === 'HEAD' ? 'GET' : request.method,
  path: request.path,
  query: firsts(request.query as Readonly<Record<string, unknown>>, (name) => name),
  headers: headersOf(request),
  body,
  principal,
});
