import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** Name of a user and the groups that the API server sees them in. */
export type Users = Readonly<Record<string, readonly string[]>>;

export const MASTERS = 'system:masters';

/** What a control plane is started with; files lie in its folder. */
export interface Credentials {
  /** Trusted by all clients. */
  readonly caPem: string;
  /** Bearer token of each user. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly serviceAccountKeyFile: string;
  readonly tokenFile: string;
}

const HOUR_MS = 3_600_000;

/** Makes a certificate for loopback, a key for service accounts and a token for each user. */
export const makeCredentials = async (folder: string, users: Users): Promise<Credentials> => {
  const nowMs = Date.now();
  const made = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - HOUR_MS),
    notAfterDate: new Date(nowMs + 24 * HOUR_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
          { type: 2, value: 'kubernetes.default.svc' },
        ],
      },
    ],
  });
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const tokens = Object.fromEntries(
    Object.keys(users).map((name) => [name, randomBytes(16).toString('hex')]),
  );
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  // Format: token,user,uid,"group1,group2"
  const lines = Object.entries(users).map(
    ([name, groups]) => `${tokens[name] ?? ''},${name},${name},"${groups.join(',')}"`,
  );
  return {
    caPem: made.cert,
    tokens,
    certificateFile: write('server.crt', made.cert),
    keyFile: write('server.key', made.private),
    serviceAccountKeyFile: write('service-accounts.key', privateKey),
    tokenFile: write('tokens.csv', `${lines.join('\n')}\n`),
  };
};

/** A kubeconfig with one cluster and one user, as JSON, which is YAML too. */
export const kubeconfigText = (server: string, caPem: string, token: string): string =>
  JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': btoa(caPem) } }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }],
      'current-context': 'test',
    },
    null,
    2,
  );
