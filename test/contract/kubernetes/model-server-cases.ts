import { describe, expect, test } from 'vitest';
import { LOOK_FAMILIES, podCounters } from '../../../workflows/steps/pod-metrics.ts';
import type { Fixture } from './suite.ts';

const TIMEOUT_MS = 10_000;

/** @param hasModelServer whether there is one to be asked. */
export const modelServerCases = (fixture: () => Fixture, hasModelServer: boolean): void => {
  describe('behind the proxy to pods', () => {
    const absent = { target: { pod: 'absent', port: 8000 }, method: 'GET', path: '/v1/models' } as const;

    test('a pod that is absent did not answer', async () => {
      const { models, cluster, namespace } = fixture();
      expect(await models.ask({ cluster, namespace, ...absent, timeoutMs: TIMEOUT_MS })).toEqual({
        kind: 'unanswered',
        why: expect.stringMatching(/^404 NotFound /),
      });
    });

    test('who may not is told by the API server, not by the pod', async () => {
      const { powerlessModels, cluster, namespace } = fixture();
      expect(await powerlessModels.ask({ cluster, namespace, ...absent, timeoutMs: TIMEOUT_MS })).toEqual({
        kind: 'unanswered',
        why: expect.stringMatching(/^403 Forbidden /),
      });
    });
  });

  describe.runIf(hasModelServer)('a model server', () => {
    const given = () => {
      const { server, models, cluster } = fixture();
      if (server.modelServer === null) throw new Error('there is a model server');
      const { namespace, pod, port, model } = server.modelServer;
      const ask = (method: 'GET' | 'POST', path: string, body?: Readonly<Record<string, unknown>>) =>
        models.ask({
          cluster,
          namespace,
          target: { pod, port },
          method,
          path,
          ...(body === undefined ? {} : { body }),
          timeoutMs: TIMEOUT_MS,
        });
      return { models, cluster, namespace, pod, port, model, ask };
    };
    const answered = (status: number, body: unknown) => ({
      kind: 'answered',
      status,
      body,
      elapsedMs: expect.any(Number),
    });

    test('lists what it serves', async () => {
      const { ask, model } = given();
      expect(await ask('GET', '/v1/models')).toEqual(
        answered(200, expect.stringContaining(`"id":"${model}"`)),
      );
    });

    test('completes a prompt', async () => {
      const { ask, model } = given();
      const result = await ask('POST', '/v1/completions', {
        model,
        prompt: 'a',
        max_tokens: 1,
        temperature: 0,
      });
      expect(result).toEqual(answered(200, expect.stringContaining('"choices"')));
    });

    test('streams to the end', async () => {
      const { ask, model } = given();
      const body = { model, prompt: 'a', max_tokens: 2, temperature: 0, stream: true };
      const result = await ask('POST', '/v1/completions', body);
      if (result.kind === 'unanswered') throw new Error(result.why);
      const lines = result.body.split('\n');
      expect(lines.filter((line) => !line.startsWith('data: '))).toEqual([]);
      expect([result.status, lines.length > 1, lines.at(-1)]).toEqual([200, true, 'data: [DONE]']);
    });

    test('refuses in its own words', async () => {
      const { ask } = given();
      const unknown = { model: 'nobody', prompt: 'a', max_tokens: 1 };
      expect(await ask('POST', '/v1/completions', unknown)).toEqual(
        answered(404, expect.stringContaining('nobody')),
      );
      expect(await ask('GET', '/nope')).toEqual(answered(404, expect.stringContaining('Not Found')));
      expect(await ask('GET', '/v1/completions')).toEqual(answered(405, expect.any(String)));
    });

    test('is scraped, beside pods that are not there', async () => {
      const { models, cluster, namespace, pod, port } = given();
      const results = await models.scrape({
        cluster,
        namespace,
        targets: [
          { pod: 'absent', port },
          { pod, port },
          { pod, port: port + 1 },
        ],
        families: LOOK_FAMILIES,
        timeoutMs: TIMEOUT_MS,
      });
      expect(results).toEqual([
        { kind: 'unanswered', why: expect.stringMatching(/^404 NotFound /) },
        { kind: 'answered', status: 200, samples: expect.any(Array) },
        { kind: 'unanswered', why: expect.stringMatching(/^503 ServiceUnavailable /) },
      ]);
      const samples = results[1]?.kind === 'answered' ? results[1].samples : [];
      expect(podCounters(samples)).toMatchObject({
        running: expect.any(Number),
        waiting: expect.any(Number),
      });
      const names = new Set(samples.map(({ name }) => name));
      expect([...names].filter((name) => !LOOK_FAMILIES.includes(name))).toEqual([]);
    });
  });
};
