import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import {
  createMonitoring,
  HEARTBEAT_METRIC,
  type Monitoring,
} from '../../../functions/adapters/monitoring.ts';
import { serviceOf } from '../../../simulator/servers/grpc-protos.ts';
import { aGrpcServer, type GrpcMethod } from './a-grpc-server.ts';
import { aHandClock } from './a-hand-clock.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const client = async (
  service: string,
  methods: Readonly<Record<string, GrpcMethod>>,
): Promise<Monitoring> => {
  const definition = serviceOf('monitoring', `google.monitoring.v3.${service}`);
  const { address, kill } = await aGrpcServer({ definition, methods });
  const monitoring = createMonitoring({ endpoint: address, auth: null, clock: aHandClock() });
  ends.push(kill, () => monitoring.close());
  return monitoring;
};

const BEAT = { project: 'acme', rolloutId: 'llm-to-h200-1', atMs: 1_772_442_000_123 };

test('a heartbeat is one point of one gauge, named by its rollout', async () => {
  let request: unknown = null;
  const monitoring = await client('MetricService', {
    CreateTimeSeries: (call, answer) => {
      request = call.request;
      answer(null, {});
    },
  });
  const answer = await monitoring.heartbeat(BEAT);
  expect({ answer, request }).toEqual({
    answer: { kind: 'ok' },
    request: {
      name: 'projects/acme',
      timeSeries: [
        {
          metric: { type: HEARTBEAT_METRIC, labels: { rollout_id: 'llm-to-h200-1' } },
          resource: { type: 'global', labels: { project_id: 'acme' } },
          metricKind: 'GAUGE',
          valueType: 'INT64',
          points: [
            {
              interval: { endTime: { seconds: '1772442000', nanos: 123_000_000 } },
              value: { int64Value: '1' },
            },
          ],
        },
      ],
    },
  });
});

test.each([
  'One or more TimeSeries could not be written: One or more points were written more frequently than the maximum sampling period configured for the metric.: global{} timeSeries[0]',
  'One or more TimeSeries could not be written: Points must be written in order. One or more of the points specified had an older end time than the most recent point.: global{} timeSeries[0]',
])('a heartbeat that comes after another of the same rollout has been heard: %s', async (details) => {
  let attempts = 0;
  const monitoring = await client('MetricService', {
    CreateTimeSeries: (_call, answer) => {
      attempts += 1;
      answer({ code: status.INVALID_ARGUMENT, details });
    },
  });
  expect([await monitoring.heartbeat(BEAT), attempts]).toEqual([{ kind: 'ok' }, 1]);
});

test.each([
  [status.PERMISSION_DENIED, 'no', 'heartbeat refused: PERMISSION_DENIED: no'],
  [status.UNAVAILABLE, 'later', 'heartbeat refused: UNAVAILABLE: later'],
  [status.DEADLINE_EXCEEDED, 'late', 'DEADLINE_EXCEEDED: late'],
])('a heartbeat that met status %i was not heard, and is not tried again', async (code, details, why) => {
  let attempts = 0;
  const monitoring = await client('MetricService', {
    CreateTimeSeries: (_call, answer) => {
      attempts += 1;
      answer({ code, details });
    },
  });
  expect([await monitoring.heartbeat(BEAT), attempts]).toEqual([{ kind: 'noAnswer', why }, 1]);
});

test.each([
  [{ enabled: { value: false } }, false],
  [{ enabled: { value: true } }, true],
  [{}, null],
])('an alert policy with %o is enabled: %s', async (fields, enabled) => {
  const name = 'projects/acme/alertPolicies/101';
  const monitoring = await client('AlertPolicyService', {
    GetAlertPolicy: ({ request }, answer) =>
      answer(null, { name: request['name'], displayName: 'errors', userLabels: { pool: 'llm' }, ...fields }),
  });
  expect(await monitoring.alertPolicy({ name })).toEqual({
    kind: 'ok',
    value: { name, displayName: 'errors', enabled, userLabels: { pool: 'llm' } },
  });
});
