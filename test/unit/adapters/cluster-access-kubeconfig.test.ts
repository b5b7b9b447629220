import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import {
  clusterAccessOfKubeconfig,
  type KubeconfigOptions,
} from '../../../functions/adapters/cluster-access-kubeconfig.ts';
import { createKubernetes } from '../../../functions/adapters/kubernetes.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { aHandClock } from './a-hand-clock.ts';
import { type ApiServer, json, startApiServer } from './an-api-server.ts';

let server: ApiServer;
let client: { readonly caPem: string; readonly certPem: string; readonly keyPem: string };

beforeAll(async () => {
  const authority = await generate([{ name: 'commonName', value: 'clients' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const made = await generate([{ name: 'commonName', value: 'jane' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: authority.private, cert: authority.cert },
    extensions: [{ name: 'extKeyUsage', clientAuth: true }],
  });
  client = { caPem: authority.cert, certPem: made.cert, keyPem: made.private };
  server = await startApiServer({ tls: { requestCert: true, rejectUnauthorized: false, ca: client.caPem } });
  server.answer(({ headers, url }, response) => {
    const { subject } = (response.socket as TLSSocket).getPeerCertificate();
    json(response, 200, {
      authorization: headers['authorization'] ?? null,
      client: (subject as { CN?: string } | undefined)?.CN ?? null,
      path: url,
    });
  });
});
afterAll(() => server.close());

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig with one context per user. */
const textWith = (users: Readonly<Record<string, unknown>>, current?: string, prefix = ''): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: {
          server: `https://${server.address}${prefix}`,
          'certificate-authority-data': base64(server.certificate.caPem),
        },
      },
    ],
    users: Object.entries(users).map(([name, user]) => ({ name, user })),
    contexts: Object.keys(users).map((name) => ({ name, context: { cluster: 'c', user: name } })),
    ...(current === undefined ? {} : { 'current-context': current }),
  });

const ask = (options: KubeconfigOptions, cluster = 'projects/p/locations/l/clusters/c') => {
  const kubernetes = createKubernetes({ access: clusterAccessOfKubeconfig(options), clock: aHandClock() });
  return kubernetes.get({ cluster, resource: RESOURCES.pod, namespace: 'n', name: 'a' });
};

const path = '/api/v1/namespaces/n/pods/a';
const seen = (authorization: string | null, name: string | null = null, at = path) => ({
  kind: 'answer',
  status: 200,
  object: { authorization, client: name, path: at },
});

describe('credentials of a kubeconfig', () => {
  test('a token', async () => {
    expect(await ask({ text: textWith({ me: { token: 't' } }, 'me') })).toEqual(seen('Bearer t'));
  });

  test('a token in a file, which ends in a line break', async () => {
    using folder = temporaryFolder();
    const tokenFile = join(folder.path, 'token');
    writeFileSync(tokenFile, 'from-file\n');
    const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
    expect(await ask({ text: textWith({ me: user }, 'me') })).toEqual(seen('Bearer from-file'));
  });

  test('a client certificate', async () => {
    const user = {
      'client-certificate-data': base64(client.certPem),
      'client-key-data': base64(client.keyPem),
    };
    expect(await ask({ text: textWith({ me: user }, 'me') })).toEqual(seen(null, 'jane'));
  });

  test('a program that prints them', async () => {
    const credential = { kind: 'ExecCredential', status: { token: 'printed' } };
    const args = ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`];
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args } };
    expect(await ask({ text: textWith({ me: user }, 'me') })).toEqual(seen('Bearer printed'));
  });

  test('a program that fails: no answer, with what it said', async () => {
    const args = ['-e', 'console.error("log in first"); process.exit(3)'];
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args } };
    expect(await ask({ text: textWith({ me: user }, 'me') })).toEqual({
      kind: 'noAnswer',
      why: expect.stringMatching(/^no credentials: log in first/),
    });
  });

  test('a server behind a path', async () => {
    expect(await ask({ text: textWith({ me: { token: 't' } }, 'me', '/k8s/clusters/c-1/') })).toEqual(
      seen('Bearer t', null, `/k8s/clusters/c-1${path}`),
    );
  });
});

describe('the context', () => {
  const users = { me: { token: 'me' }, gke_p_l_c: { token: 'own' }, other: { token: 'other' } };

  test.each<[string, Omit<KubeconfigOptions, 'text'>, string, string]>([
    ['named after the cluster', {}, 'projects/p/locations/l/clusters/c', 'own'],
    ['the current one, failing that', {}, 'projects/p/locations/l/clusters/d', 'me'],
    [
      'the one that was asked for, whatever the cluster',
      { context: 'other' },
      'projects/p/locations/l/clusters/c',
      'other',
    ],
  ])('is %s', async (_name, options, cluster, token) => {
    expect(await ask({ text: textWith(users, 'me'), ...options }, cluster)).toEqual(seen(`Bearer ${token}`));
  });

  test('comes from a file, too', async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'config');
    writeFileSync(file, textWith(users, 'other'));
    expect(await ask({ path: file }, 'any')).toEqual(seen('Bearer other'));
  });
});

describe('what cannot be used is no answer, with the reason', () => {
  test.each<[string, () => KubeconfigOptions, RegExp]>([
    ['no file', () => ({ path: '/nowhere/config' }), /ENOENT/],
    ['no YAML', () => ({ text: '{{{' }), /cannot be used: ./],
    ['no kubeconfig', () => ({ text: 'a: 1' }), /cannot be used: ./],
    ['nothing', () => ({ text: '' }), /cannot be used: ./],
    ['no current context', () => ({ text: textWith({ me: {} }) }), /it has no current context/],
    [
      'a current context that is absent',
      () => ({ text: textWith({ me: {} }, 'you') }),
      /it has no current context/,
    ],
    [
      'a context that is absent',
      () => ({ text: textWith({ me: {} }), context: 'you' }),
      /it has no context "you"/,
    ],
    [
      'a context without its cluster',
      () => ({ text: textWith({ me: {} }, 'me').replace('name: c', 'name: d') }),
      /context "me" names no cluster/,
    ],
    [
      'plain HTTP with credentials',
      () => ({ text: textWith({ me: { token: 't' } }, 'me').replace('https:', 'http:') }),
      /HTTP protocol is not allowed/,
    ],
  ])('%s', async (_name, options, why) => {
    expect(await ask(options())).toEqual({ kind: 'noAnswer', why: expect.stringMatching(why) });
  });
});
