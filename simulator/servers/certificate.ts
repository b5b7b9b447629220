import { generate } from 'selfsigned';

/** A server's certificate and the authority that signed it, as PEM texts. */
export interface Certificate {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

const DAY_MS = 86_400_000;

/** Makes an authority of its own and a certificate for `127.0.0.1` and `localhost`, good for thirty days of the wall's. */
export async function createCertificate(): Promise<Certificate> {
  const validity = {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // Clients whose clock is a little behind take it, too.
    notBeforeDate: new Date(Date.now() - DAY_MS),
    notAfterDate: new Date(Date.now() + 30 * DAY_MS),
  } as const;
  const authority = await generate([{ name: 'commonName', value: 'simulated-cluster-ca' }], {
    ...validity,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
    ...validity,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
        ],
      },
    ],
  });
  return { caPem: authority.cert, certPem: server.cert, keyPem: server.private };
}
