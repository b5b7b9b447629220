/** What a process is told by its environment. The only thing that differs between Google Cloud and a laptop. */
import * as z from 'zod';

export interface Config {
  /** File of the SQLite store. */
  readonly storePath: string;
  /** The project of topics, heartbeats and logs. */
  readonly project: string;
  /** Base address of Pub/Sub's REST API, without a slash at the end. */
  readonly bus: string;
  /** `HOST:PORT` of a simulator's plain gRPC; null: Google's. */
  readonly gkeEndpoint: string | null;
  readonly monitoringEndpoint: string | null;
  /** Base address of the REST API of open incidents; null: Google's. */
  readonly alertsEndpoint: string | null;
  /** Bearer token for clusters; null: application default credentials. */
  readonly clusterToken: string | null;
  /** `HOST:PORT` of a clock that another process owns; null: the wall's. */
  readonly clock: string | null;
  /** Who a request without authentication is; null: nobody, such a request is refused. */
  readonly principal: string | null;
  /** Believe the header `x-sluice-principal`: for tests of the API only. */
  readonly trustsPrincipalHeader: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export type ConfigRead =
  | { readonly kind: 'ok'; readonly config: Config }
  /** One sentence each: the variable, what is wrong, how to mend it. */
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

const GOOGLE_PUBSUB = 'https://pubsub.googleapis.com';

const ADDRESS = /^(\[[0-9a-f:]+\]|[a-z0-9.-]+):\d{1,5}$/i;

/** A variable that is set to nothing counts as absent: templates and shells make such. */
const optional = (schema: z.ZodType<string, string>) =>
  z
    .string()
    .optional()
    .transform((text) => (text === undefined || text.trim() === '' ? null : text.trim()))
    .pipe(schema.nullable());

const address = optional(z.string().regex(ADDRESS, 'must be HOST:PORT, e.g. 127.0.0.1:9090'));

const httpUrl = optional(
  z
    .url({ protocol: /^https?$/, error: 'must be an address that begins with http:// or https://' })
    .transform((text) => text.replace(/\/+$/, '')),
);

const required = (mend: string) =>
  z
    .string({ error: `is missing: ${mend}` })
    .trim()
    .min(1, `is missing: ${mend}`);

const STORE_MEND = 'set it to sqlite:/path/to/sluice.db';

const variables = z.object({
  SLUICE_STORE: required(STORE_MEND)
    .regex(/^sqlite:.+/, `must name a store that there is: ${STORE_MEND}`)
    .transform((text) => text.slice('sqlite:'.length)),
  SLUICE_PROJECT: required('set it to the Google Cloud project of the topics').regex(
    /^[a-z][a-z0-9:.-]{2,62}$/,
    'must be the id of a Google Cloud project, e.g. acme-prod',
  ),
  SLUICE_BUS: httpUrl,
  SLUICE_GKE_ENDPOINT: address,
  SLUICE_MONITORING_ENDPOINT: address,
  SLUICE_ALERTS_ENDPOINT: httpUrl,
  SLUICE_CLUSTER_TOKEN: optional(z.string()),
  SLUICE_CLOCK: address,
  SLUICE_PRINCIPAL: optional(z.string().max(200, 'must be a name of at most 200 characters')),
  SLUICE_PRINCIPAL_HEADER: optional(z.literal('trusted', { error: 'must be "trusted", or absent' })),
});

/** Reads the variables; all that are wrong at once. */
export const readConfig = (environment: Environment): ConfigRead => {
  const read = variables.safeParse(environment);
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => `${String(path[0])} ${message}`);
    // A missing variable breaks all of its rules; the first says enough.
    const firsts = problems.filter(
      (problem, index) =>
        problems.findIndex((other) => other.split(' ')[0] === problem.split(' ')[0]) === index,
    );
    return { kind: 'problems', problems: firsts };
  }
  const found = read.data;
  return {
    kind: 'ok',
    config: {
      storePath: found.SLUICE_STORE,
      project: found.SLUICE_PROJECT,
      bus: found.SLUICE_BUS ?? GOOGLE_PUBSUB,
      gkeEndpoint: found.SLUICE_GKE_ENDPOINT,
      monitoringEndpoint: found.SLUICE_MONITORING_ENDPOINT,
      alertsEndpoint: found.SLUICE_ALERTS_ENDPOINT,
      clusterToken: found.SLUICE_CLUSTER_TOKEN,
      clock: found.SLUICE_CLOCK,
      principal: found.SLUICE_PRINCIPAL,
      trustsPrincipalHeader: found.SLUICE_PRINCIPAL_HEADER !== null,
    },
  };
};
