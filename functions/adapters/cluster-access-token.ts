/** Who we are to an API server. */
import { GoogleAuth } from 'google-auth-library';

/** A bearer token that is valid now. Rejects where there are no credentials. */
export type TokenProvider = () => Promise<string>;

/** Always the same token: a laptop, a test, a service account's own. */
export const staticToken =
  (token: string): TokenProvider =>
  () =>
    Promise.resolve(token.trim());

/** GKE takes the access token of a Google identity. Source: Google Cloud, GKE, "Authenticate to the Kubernetes API server". */
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

/** Google's application default credentials; the library keeps the token, and fetches another before it expires. */
export const googleToken =
  (auth: Pick<GoogleAuth, 'getAccessToken'> = new GoogleAuth({ scopes: SCOPES })): TokenProvider =>
  async () => {
    const token = await auth.getAccessToken();
    if (token === null || token === undefined || token === '')
      throw new Error('the application default credentials give no access token');
    return token;
  };
