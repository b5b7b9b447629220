import type { ApiResponse } from '../../workflows/door-types.ts';
import { problem } from '../runtime/reply.ts';

export interface PrincipalOptions {
  /** Who a request without authentication is; null: it is refused. */
  readonly principal: string | null;
  /** Believe the header `x-sluice-principal`. */
  readonly trustsHeader: boolean;
}

type Headers = Readonly<Record<string, string>>;

export type Asker =
  | { readonly kind: 'known'; readonly principal: string }
  | { readonly kind: 'refused'; readonly answer: ApiResponse };

export const PRINCIPAL_HEADER = 'x-sluice-principal';

const PRINCIPAL_MAX = 200;

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

const refused = (answer: ApiResponse): Asker => ({ kind: 'refused', answer });

/**
 * Without authentication everybody who reaches the port is the operator; a page in a browser reaches it too. So such
 * requests must be addressed to loopback (a page may give its own name any address), and must not come from another page.
 */
const fromElsewhere = ({ host, origin }: Headers): boolean =>
  !LOOPBACK.test(host ?? '') ||
  (origin !== undefined && origin !== `http://${host ?? ''}` && origin !== `https://${host ?? ''}`);

/**
 * Who asks. Until the service checks the identity tokens of IAM or IAP by itself there are two sources, both for one
 * machine only: the environment's name, and a header that tests may send. Whoever puts IAM in place replaces this function
 * by one that verifies `Authorization` (audience, issuer, signature) or IAP's `x-goog-iap-jwt-assertion`, and takes the
 * e-mail address out of it; nothing else of the API knows where a principal comes from.
 */
export const principalOf = (headers: Headers, options: PrincipalOptions): Asker => {
  const named = headers[PRINCIPAL_HEADER];
  if (options.trustsHeader && named !== undefined && named.trim() !== '')
    return { kind: 'known', principal: named.trim().slice(0, PRINCIPAL_MAX) };
  if (options.principal === null)
    return refused(
      problem(401, 'unauthenticated', 'the request names nobody, and this service lets nobody in unnamed'),
    );
  if (fromElsewhere(headers))
    return refused(
      problem(403, 'from-elsewhere', 'without authentication only programs of this machine may ask'),
    );
  return { kind: 'known', principal: options.principal };
};
