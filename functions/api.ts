/** The HTTP API: REST under /v1, problem+json for what went wrong. Hosts authenticate; this door only sees a principal. */
import type { ApiRequest, ApiResponse } from '../workflows/door-types.ts';
import { ConflictError, isMachineUnknown, RetryableError, TerminalError } from '../workflows/errors.ts';
import type { RolloutDocument } from '../workflows/rollout/stored.ts';
import { actionSchema, rolloutIdSchema } from './runtime/actions.ts';
import { operate } from './runtime/operate.ts';
import { planOnly } from './runtime/plan-only.ts';
import { problem, reply } from './runtime/reply.ts';
import type { Shell } from './runtime/shell.ts';
import { viewOf } from './runtime/view.ts';

type Handler = (shell: Shell, request: ApiRequest, parts: readonly string[]) => Promise<ApiResponse>;

const PAGE_MAX = 200;

/** Limits and cursors come as text. */
const numberOf = (text: string | undefined, otherwise: number): number => {
  const value = Number(text);
  return text === undefined || !Number.isInteger(value) || value < 0 ? otherwise : value;
};

/** POST /v1/rollouts, and POST /v1/rollouts/ID/ACTION: the body carries what the action needs. */
const act: Handler = (shell, request, [, , rolloutId, verb]) =>
  perform(shell, request, rolloutId === undefined ? { action: 'start' } : { rolloutId, action: verb });

/** POST /v1/freeze and /v1/unfreeze: about all rollouts, so none is named. */
const freeze: Handler = (shell, request, [, verb]) => perform(shell, request, { action: verb });

const perform = async (
  shell: Shell,
  request: ApiRequest,
  named: Readonly<Record<string, unknown>>,
): Promise<ApiResponse> => {
  const body = typeof request.body === 'object' && request.body !== null ? request.body : {};
  const given = { requestId: request.headers['idempotency-key'], ...body, ...named };
  const parsed = actionSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return problem(
      400,
      'request-malformed',
      `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not an action'}`,
    );
  }
  const { status, ...result } = await operate(shell, parsed.data, {
    principal: request.principal,
    via: 'api',
  });
  return status < 400
    ? reply(status, result)
    : problem(status, result.code, result.detail, {
        rolloutId: result.rolloutId,
        problems: result.problems ?? [],
      });
};

const list: Handler = async (shell, request) => {
  const limit = Math.min(PAGE_MAX, numberOf(request.query['limit'], 50));
  const rollouts = await shell.ports.store.list({
    limit,
    unfinished: request.query['unfinished'] === 'true',
    ...(request.query['after'] === undefined ? {} : { afterId: request.query['after'] }),
  });
  return reply(200, {
    rollouts,
    next: rollouts.length === limit ? (rollouts[rollouts.length - 1]?.rolloutId ?? null) : null,
  });
};

const loadNamed = async (shell: Shell, rolloutId: string | undefined): Promise<RolloutDocument | null> => {
  const id = rolloutIdSchema.safeParse(rolloutId);
  return id.success ? (await shell.ports.store.load({ rolloutId: id.data })).document : null;
};

const get: Handler = async (shell, _request, [, , rolloutId]) => {
  const document = await loadNamed(shell, rolloutId);
  return document === null ? missing(rolloutId) : reply(200, viewOf(document));
};

const journal: Handler = async (shell, request, [, , rolloutId]) => {
  const document = await loadNamed(shell, rolloutId);
  if (document === null) return missing(rolloutId);
  const entries = await shell.ports.store.journal({
    rolloutId: document.rolloutId,
    afterSeq: numberOf(request.query['after'], 0),
    limit: Math.min(PAGE_MAX, numberOf(request.query['limit'], PAGE_MAX)),
  });
  return reply(200, { entries, next: entries[entries.length - 1]?.seq ?? null });
};

/** POST /v1/plans: what a start would do, computed with our own identity; nothing is written. */
const plans: Handler = async (shell, request) => planOnly(shell, request.body);

const missing = (rolloutId: string | undefined): ApiResponse =>
  problem(404, 'rollout-missing', `there is no rollout ${rolloutId ?? ''}`);

/** Method and path pattern; `*` is one segment. */
const ROUTES: readonly (readonly [string, string, Handler])[] = [
  ['POST', 'v1/rollouts', act],
  ['GET', 'v1/rollouts', list],
  ['GET', 'v1/rollouts/*', get],
  ['GET', 'v1/rollouts/*/journal', journal],
  ['POST', 'v1/rollouts/*/*', act],
  ['POST', 'v1/plans', plans],
  ['POST', 'v1/freeze', freeze],
  ['POST', 'v1/unfreeze', freeze],
];

const fits = (pattern: string, parts: readonly string[]): boolean => {
  const wanted = pattern.split('/');
  return (
    wanted.length === parts.length &&
    wanted.every((segment, index) => segment === '*' || segment === parts[index])
  );
};

/** The API's door. Never throws: what can be tried again answers 503, what lost a race 409, what can never work 422. */
export const createApi =
  (shell: Shell) =>
  async (request: ApiRequest): Promise<ApiResponse> => {
    const parts = request.path.split('/').filter((segment) => segment !== '');
    const atPath = ROUTES.filter(([, pattern]) => fits(pattern, parts));
    if (atPath.length === 0) return problem(404, 'path-unknown', `there is nothing at ${request.path}`);
    const route = atPath.find(([method]) => method === request.method);
    if (route === undefined) return problem(405, 'method-not-allowed', `${request.method} ${request.path}`);
    try {
      return await route[2](shell, request, parts);
    } catch (error) {
      if (error instanceof ConflictError) return problem(409, error.code, error.message);
      // A rollout of a newer machine: a process of the newer deploy can say what it is doing.
      if (error instanceof RetryableError || isMachineUnknown(error))
        return problem(503, error.code, error.message);
      if (error instanceof TerminalError) return problem(422, error.code, error.message);
      shell.ports.log('ERROR', 'api-failed', error instanceof Error ? error.message : String(error), {
        path: request.path,
      });
      return problem(500, 'internal', 'an error of our own; it was logged');
    }
  };
