import { type Metadata, status } from '@grpc/grpc-js';
import type { GkeErrorCode, NoAnswer } from '../../workflows/ports.ts';

type Failure =
  | {
      readonly kind: 'error';
      readonly code: GkeErrorCode;
      readonly reason?: string;
      readonly message: string;
    }
  | NoAnswer;

/** Refusals: whoever says this did nothing. None of them arises in the client for want of an answer. */
const REFUSALS: Readonly<Record<number, GkeErrorCode>> = {
  [status.INVALID_ARGUMENT]: 'INVALID_ARGUMENT',
  [status.OUT_OF_RANGE]: 'INVALID_ARGUMENT',
  [status.NOT_FOUND]: 'NOT_FOUND',
  [status.ALREADY_EXISTS]: 'ALREADY_EXISTS',
  [status.PERMISSION_DENIED]: 'PERMISSION_DENIED',
  [status.FAILED_PRECONDITION]: 'FAILED_PRECONDITION',
  [status.ABORTED]: 'ABORTED',
};

/** These arise in the client too: a lost connection, a reset stream, a token that could not be fetched. */
const AMBIGUOUS: Readonly<Record<number, GkeErrorCode>> = {
  [status.RESOURCE_EXHAUSTED]: 'RESOURCE_EXHAUSTED',
  [status.UNAVAILABLE]: 'UNAVAILABLE',
  [status.INTERNAL]: 'INTERNAL',
  [status.DATA_LOSS]: 'INTERNAL',
  [status.UNAUTHENTICATED]: 'UNAUTHENTICATED',
  [status.UNIMPLEMENTED]: 'INVALID_ARGUMENT',
};

/** The library could not write the request: nothing was sent, and it never will be. */
const UNWRITABLE = 'Request message serialization failure';

const MESSAGE_MAX = 2_000;

interface Thrown {
  readonly code?: unknown;
  /** grpc-js: the text without code and status name. */
  readonly details?: unknown;
  readonly message?: unknown;
  readonly metadata?: Metadata;
  /** google-gax: of the google.rpc.ErrorInfo in the status details. */
  readonly reason?: unknown;
}

const textOf = ({ details, message }: Thrown): string => {
  const text = typeof details === 'string' && details !== '' ? details : message;
  return (typeof text === 'string' ? text : 'no reason given').slice(0, MESSAGE_MAX);
};

/**
 * Whether a server said so. A status that came over the wire brings what else was in its trailers (the content type at the
 * least, as an error without a message is headers and trailers in one); one that grpc-js makes up, for a connection that
 * fails or an HTTP status of something on the way, has empty metadata. In doubt nobody knows, which is safe: it is asked
 * again.
 */
const isAnswered = ({ metadata }: Thrown): boolean => Object.keys(metadata?.getMap() ?? {}).length > 0;

/**
 * What a call of a Google client library threw, as the port's values. DEADLINE_EXCEEDED, CANCELLED and UNKNOWN are no
 * answer whoever says them: what was asked for may have happened.
 */
export const failureOf = (thrown: unknown): Failure => {
  const error: Thrown = typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) };
  const message = textOf(error);
  const number = typeof error.code === 'number' ? error.code : -1;
  if (number === status.INTERNAL && message.startsWith(UNWRITABLE))
    return { kind: 'error', code: 'INVALID_ARGUMENT', message };
  const code = REFUSALS[number] ?? (isAnswered(error) ? AMBIGUOUS[number] : undefined);
  if (code === undefined) return { kind: 'noAnswer', why: `${status[number] ?? 'not sent'}: ${message}` };
  const { reason } = error;
  return { kind: 'error', code, message, ...(typeof reason === 'string' && reason !== '' ? { reason } : {}) };
};

/** Name of a google.rpc.Code in an operation that failed; what the product has no name for is INTERNAL. */
export const errorCodeOf = (number: unknown): GkeErrorCode =>
  typeof number === 'number' ? (REFUSALS[number] ?? AMBIGUOUS[number] ?? 'INTERNAL') : 'INTERNAL';
