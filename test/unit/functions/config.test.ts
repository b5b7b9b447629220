import { describe, expect, test } from 'vitest';
import { type Environment, readConfig } from '../../../functions/config.ts';

const LEAST = { SLUICE_STORE: 'sqlite:/var/lib/sluice.db', SLUICE_PROJECT: 'acme' };

describe('the environment', () => {
  test('needs a store and a project; everything else is Google’s', () => {
    expect(readConfig(LEAST)).toEqual({
      kind: 'ok',
      config: {
        storePath: '/var/lib/sluice.db',
        project: 'acme',
        bus: 'https://pubsub.googleapis.com',
        gkeEndpoint: null,
        monitoringEndpoint: null,
        alertsEndpoint: null,
        clusterToken: null,
        clock: null,
        principal: null,
        trustsPrincipalHeader: false,
      },
    });
  });

  test('of a laptop names a simulator for each', () => {
    expect(
      readConfig({
        ...LEAST,
        SLUICE_BUS: 'http://127.0.0.1:8085/',
        SLUICE_GKE_ENDPOINT: '127.0.0.1:1',
        SLUICE_MONITORING_ENDPOINT: 'localhost:2',
        SLUICE_ALERTS_ENDPOINT: 'http://[::1]:3',
        SLUICE_CLUSTER_TOKEN: ' token ',
        SLUICE_CLOCK: '[::1]:4',
        SLUICE_PRINCIPAL: 'ana@example.com',
        SLUICE_PRINCIPAL_HEADER: 'trusted',
        PATH: '/bin',
      }),
    ).toEqual({
      kind: 'ok',
      config: {
        storePath: '/var/lib/sluice.db',
        project: 'acme',
        bus: 'http://127.0.0.1:8085',
        gkeEndpoint: '127.0.0.1:1',
        monitoringEndpoint: 'localhost:2',
        alertsEndpoint: 'http://[::1]:3',
        clusterToken: 'token',
        clock: '[::1]:4',
        principal: 'ana@example.com',
        trustsPrincipalHeader: true,
      },
    });
  });

  test('that is empty is told what is missing, once each, and how to mend it', () => {
    const problems = [
      'SLUICE_STORE is missing: set it to sqlite:/path/to/sluice.db',
      'SLUICE_PROJECT is missing: set it to the Google Cloud project of the topics',
    ];
    expect(readConfig({})).toEqual({ kind: 'problems', problems });
    expect(readConfig({ SLUICE_STORE: ' ', SLUICE_PROJECT: '' })).toEqual({ kind: 'problems', problems });
  });

  test.each<[Environment, string]>([
    [
      { SLUICE_STORE: 'firestore:' },
      'SLUICE_STORE must name a store that there is: set it to sqlite:/path/to/sluice.db',
    ],
    [{ SLUICE_PROJECT: 'Acme!' }, 'SLUICE_PROJECT must be the id of a Google Cloud project, e.g. acme-prod'],
    [{ SLUICE_BUS: '127.0.0.1:80' }, 'SLUICE_BUS must be an address that begins with http:// or https://'],
    [{ SLUICE_CLOCK: 'http://x' }, 'SLUICE_CLOCK must be HOST:PORT, e.g. 127.0.0.1:9090'],
    [{ SLUICE_GKE_ENDPOINT: '127.0.0.1' }, 'SLUICE_GKE_ENDPOINT must be HOST:PORT, e.g. 127.0.0.1:9090'],
    [{ SLUICE_PRINCIPAL_HEADER: 'yes' }, 'SLUICE_PRINCIPAL_HEADER must be "trusted", or absent'],
    [{ SLUICE_PRINCIPAL: 'x'.repeat(201) }, 'SLUICE_PRINCIPAL must be a name of at most 200 characters'],
  ])('%o is told: %s', (wrong, problem) => {
    expect(readConfig({ ...LEAST, ...wrong })).toEqual({ kind: 'problems', problems: [problem] });
  });
});
