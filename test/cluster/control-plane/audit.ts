import { readFileSync } from 'node:fs';
import { auditFile } from './component-args.ts';

/** A request as the API server's audit log has it. */
export interface AuditedRequest {
  readonly user: string;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` … */
  readonly verb: string;
  readonly uri: string;
  readonly status: number;
  readonly receivedAtMs: number;
}

interface AuditEvent {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly requestURI: string;
  readonly responseStatus?: { readonly code: number };
  readonly requestReceivedTimestamp: string;
}

/**
 * All requests of a user that are answered, oldest first. Those of `admin` and of the control plane itself are not
 * written down. Format: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */
export const auditedRequests = (folder: string, user: string): readonly AuditedRequest[] =>
  readFileSync(auditFile(folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent)
    .map((event) => ({
      user: event.user.username,
      verb: event.verb,
      uri: event.requestURI,
      status: event.responseStatus?.code ?? 0,
      receivedAtMs: Date.parse(event.requestReceivedTimestamp),
    }))
    .filter((request) => request.user === user);
