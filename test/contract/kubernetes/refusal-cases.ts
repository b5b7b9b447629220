import { describe, expect, test } from 'vitest';
import { createWallClock } from '../../../functions/adapters/clock.ts';
import { createClusterAccess } from '../../../functions/adapters/cluster-access.ts';
import { staticToken } from '../../../functions/adapters/cluster-access-token.ts';
import { createKubernetes } from '../../../functions/adapters/kubernetes.ts';
import { createCertificate } from '../../../simulator/servers/certificate.ts';
import { RESOURCES } from '../../../workflows/kubernetes.ts';
import type { KubernetesPort } from '../../../workflows/ports.ts';
import { aRoute, judged, objectOf, refused } from './an-object.ts';
import type { Cases } from './suite.ts';

export const refusalCases: Cases = (fixture) => {
  describe('who may not', () => {
    const everything = async (port: KubernetesPort): Promise<readonly unknown[]> => {
      const { cluster, namespace } = fixture();
      const call = { cluster, resource: RESOURCES.httpRoute, namespace };
      const answers = await Promise.all([
        port.get({ ...call, name: 'a' }),
        port.list(call),
        port.create({ ...call, object: aRoute('a') }),
        port.jsonPatch({ ...call, name: 'a', patch: [] }),
        port.delete({ ...call, name: 'a', uid: 'u' }),
      ]);
      return answers.map(judged);
    };

    test('is told so, for each verb, before anything else', async () => {
      expect(await everything(fixture().powerless)).toEqual(Array(5).fill(refused(403, 'Forbidden')));
    });

    test('and nobody knows is told so, too', async () => {
      expect(await everything(fixture().stranger)).toEqual(Array(5).fill(refused(401, 'Unauthorized')));
    });

    test('can ask beforehand', async () => {
      const { admin, powerless, cluster, namespace } = fixture();
      const review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        metadata: { name: '' },
        spec: {
          resourceAttributes: {
            namespace,
            verb: 'patch',
            group: 'gateway.networking.k8s.io',
            resource: 'httproutes',
          },
        },
      };
      const call = { cluster, resource: RESOURCES.selfSubjectAccessReview, namespace: null, object: review };
      const answers = [objectOf(await admin.create(call)), objectOf(await powerless.create(call))];
      expect(answers.map((answer) => (answer['status'] as { allowed?: boolean }).allowed)).toEqual([
        true,
        false,
      ]);
    });
  });

  describe('who is not there', () => {
    const ask = (endpoint: string, caPem: string) => {
      const clock = createWallClock();
      const access = createClusterAccess({
        clusters: () => Promise.resolve({ endpoint, caPem }),
        token: staticToken('t'),
        clock,
      });
      const { cluster } = fixture();
      return createKubernetes({ access, clock }).list({ cluster, resource: RESOURCES.pod, namespace: null });
    };

    test('a server with a certificate of somebody else gets no request', async () => {
      const { url } = fixture().server;
      expect(await ask(url, (await createCertificate()).caPem)).toEqual({
        kind: 'noAnswer',
        why: expect.stringMatching(/certificate/),
      });
    });

    test('a port on which nobody listens', async () => {
      expect(await ask('127.0.0.1:1', fixture().server.caPem)).toEqual({
        kind: 'noAnswer',
        why: expect.stringMatching(/ECONNREFUSED/),
      });
    });
  });
};
