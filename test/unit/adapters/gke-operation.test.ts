import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { createGke } from '../../../functions/adapters/gke.ts';
import { serviceOf } from '../../../simulator/servers/grpc-protos.ts';
import type { GkeAnswer, GkeOperation } from '../../../workflows/ports.ts';
import { aGrpcServer } from './a-grpc-server.ts';
import { aHandClock } from './a-hand-clock.ts';

const LOCATION = 'projects/acme/locations/us-central1';
const CLUSTER = `${LOCATION}/clusters/inference`;
const definition = serviceOf('container', 'google.container.v1.ClusterManager');

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const read = async (message: object): Promise<GkeAnswer<readonly GkeOperation[]>> => {
  const { address, kill } = await aGrpcServer({
    definition,
    methods: { ListOperations: (_call, answer) => answer(null, message) },
  });
  const gke = createGke({ endpoint: address, clock: aHandClock() });
  ends.push(kill, () => gke.close());
  return gke.listOperations({ cluster: CLUSTER });
};

/** Numbers of projects and zones stand where the product names ids and regions. */
const link = (rest: string): string =>
  `https://container.googleapis.com/v1/projects/365415247865/zones/us-central1-c/${rest}`;

const operation = (fields: object): object => ({
  name: 'operation-1',
  operationType: 'CREATE_NODE_POOL',
  status: 'DONE',
  targetLink: link('clusters/inference/nodePools/h200'),
  ...fields,
});

const errorOf = async (fields: object): Promise<GkeOperation['error']> => {
  const answer = await read({ operations: [operation(fields)] });
  if (answer.kind !== 'ok') throw new Error(answer.kind);
  return answer.value[0]?.error;
};

const IN_THE_WILD = {
  stockout:
    'Google Compute Engine: Not all instances running in IGM after 35m12.5s. Expected 2, running 0, transitioning 2. ' +
    "Current errors: [GCE_STOCKOUT]: Instance 'gke-h200-1' creation failed: The zone 'projects/acme/zones/us-central1-a' " +
    'does not have enough resources available to fulfill the request.',
  exhausted: 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: a3-ultragpu-8g is not available in us-central1-a',
  availability: 'Creation failed (reason: resource_availability)',
  quota:
    "Google Compute Engine: Not all instances running in IGM. Current errors: [GCE_QUOTA_EXCEEDED]: Instance 'x' " +
    "creation failed: Quota 'NVIDIA_H200_GPUS' exceeded. Limit: 8.0 in region us-central1.",
  regional:
    'Insufficient regional quota to satisfy request: resource "CPUS": request requires 208.0 and is short 8.0',
  other: 'Google Compute Engine: The user does not have access to service account "nodes".',
} as const;

test.each([
  ['stockout', 'GCE_STOCKOUT'],
  ['exhausted', 'GCE_STOCKOUT'],
  ['availability', 'GCE_STOCKOUT'],
  ['quota', 'GCE_QUOTA_EXCEEDED'],
  ['regional', 'GCE_QUOTA_EXCEEDED'],
  ['other', 'OTHER'],
] as const)('an operation that failed with the text "%s" has the condition %s', async (text, condition) => {
  const message = IN_THE_WILD[text];
  expect(await errorOf({ error: { code: status.UNKNOWN, message } })).toEqual({
    code: 'INTERNAL',
    message,
    condition,
  });
});

test.each(['GCE_STOCKOUT', 'GCE_QUOTA_EXCEEDED'] as const)(
  'the condition %s of the node pool says it outright, whatever the text',
  async (code) => {
    const error = { code: status.RESOURCE_EXHAUSTED, message: 'creation failed: quota, stockout, who knows' };
    const nodepoolConditions = [
      { code: 'UNKNOWN', message: 'a' },
      { code, canonicalCode: 'RESOURCE_EXHAUSTED' },
    ];
    expect(await errorOf({ error, nodepoolConditions })).toEqual({
      code: 'RESOURCE_EXHAUSTED',
      message: error.message,
      condition: code,
    });
  },
);

test('an operation of an older server, with no error but a status message, failed too', async () => {
  expect(await errorOf({ statusMessage: IN_THE_WILD.stockout })).toEqual({
    code: 'INTERNAL',
    message: IN_THE_WILD.stockout,
    condition: 'GCE_STOCKOUT',
  });
});

test('conditions alone are no failure: a pool that grew in the end keeps what delayed it', async () => {
  expect(await errorOf({ nodepoolConditions: [{ code: 'GCE_STOCKOUT', message: 'once' }] })).toBeUndefined();
});

test('operations of the cluster are listed, and no others of its location', async () => {
  const answer = await read({
    operations: [
      operation({}),
      operation({
        name: 'operation-2',
        targetLink: link('clusters/inference'),
        operationType: 'UPDATE_CLUSTER',
      }),
      operation({ name: 'operation-3', targetLink: link('clusters/inference-2/nodePools/h200') }),
      operation({ name: 'operation-4', targetLink: link('clusters/other/nodePools/inference') }),
      operation({ name: 'operation-5', status: 'STATUS_UNSPECIFIED', operationType: 99 }),
      {},
    ],
  });
  const targetLink = link('clusters/inference/nodePools/h200');
  expect(answer).toEqual({
    kind: 'ok',
    value: [
      { name: 'operation-1', operationType: 'CREATE_NODE_POOL', status: 'DONE', targetLink },
      {
        name: 'operation-2',
        operationType: 'UPDATE_CLUSTER',
        status: 'DONE',
        targetLink: link('clusters/inference'),
      },
      { name: 'operation-5', operationType: '99', status: 'PENDING', targetLink },
    ],
  });
});

test('a list with zones missing is no answer: an operation would be taken for absent', async () => {
  expect(await read({ operations: [operation({})], missingZones: ['us-central1-f'] })).toEqual({
    kind: 'noAnswer',
    why: 'operations of us-central1-f are missing',
  });
});
