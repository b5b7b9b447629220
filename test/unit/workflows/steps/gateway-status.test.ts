import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import { confirmation, gatewayHealth } from '../../../../workflows/steps/gateway-status.ts';

const PLAN = {
  namespace: 'serving',
  name: 'routes-to-llm',
  uid: 'u',
  gateways: [
    { namespace: 'serving', name: 'external' },
    { namespace: 'infra', name: 'internal' },
  ],
  rules: [],
};

interface Said {
  readonly type: string;
  readonly status?: string;
  readonly observedGeneration?: number | null;
}

const ALL = ['Accepted', 'ResolvedRefs', 'Reconciled'];

const parent = (
  name: string,
  namespace: string | undefined,
  said: readonly Said[],
  controllerName?: string,
) => ({
  parentRef: { name, ...(namespace === undefined ? {} : { namespace }) },
  controllerName: controllerName ?? 'networking.gke.io/gateway',
  conditions: said.map(({ type, status, observedGeneration }) => ({
    type,
    status: status ?? 'True',
    reason: 'Why',
    message: 'words',
    ...(observedGeneration === null ? {} : { observedGeneration: observedGeneration ?? 7 }),
  })),
});

const good = (generation?: number): readonly Said[] =>
  ALL.map((type) => ({ type, ...(generation === undefined ? {} : { observedGeneration: generation }) }));

const route = (...parents: readonly unknown[]): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'routes-to-llm', namespace: 'serving', generation: 7 },
  status: { parents },
});

const internal = parent('internal', 'infra', good());

describe('confirmation by the gateways', () => {
  test('all conditions of all gateways, for this generation or a newer one', () => {
    expect(confirmation(route(parent('external', undefined, good(8)), internal), PLAN)).toEqual({
      kind: 'confirmed',
    });
  });

  test('parents that are not in the plan, and the word of other controllers, do not count', () => {
    const others = [
      parent('mesh', 'serving', [{ type: 'Accepted', status: 'False' }]),
      parent('external', 'serving', [{ type: 'Accepted', status: 'False' }], 'istio.io/gateway'),
    ];
    expect(confirmation(route(...others, parent('external', 'serving', good()), internal), PLAN).kind).toBe(
      'confirmed',
    );
  });

  test('every section of a gateway must have reported', () => {
    const sections = [parent('external', 'serving', good()), parent('external', 'serving', good(6))];
    expect(confirmation(route(...sections, internal), PLAN)).toEqual({
      kind: 'waiting',
      reason: 'Gateway serving/external: Accepted is of generation 6, not 7',
    });
  });

  test.each<[string, readonly unknown[], string]>([
    ['no status at all', [], 'Gateway serving/external has not reported yet'],
    [
      'one gateway silent',
      [parent('external', 'serving', good())],
      'Gateway infra/internal has not reported yet',
    ],
    [
      'no Reconciled',
      [parent('external', 'serving', good().slice(0, 2)), internal],
      'Gateway serving/external has not reported Reconciled',
    ],
    [
      'a condition that names no generation',
      [
        parent(
          'external',
          'serving',
          ALL.map((type) => ({ type, observedGeneration: null })),
        ),
        internal,
      ],
      'Gateway serving/external has not reported Accepted',
    ],
    [
      'False of an older generation',
      [
        parent('external', 'serving', [{ type: 'Accepted', status: 'False', observedGeneration: 6 }]),
        internal,
      ],
      'Gateway serving/external: Accepted is of generation 6, not 7',
    ],
    [
      'Unknown',
      [parent('external', 'serving', [{ type: 'Accepted', status: 'Unknown' }]), internal],
      'Gateway serving/external: Accepted is Unknown, Why: words',
    ],
  ])('waits for %s', (_, parents, reason) => {
    expect(confirmation(route(...parents), PLAN)).toEqual({ kind: 'waiting', reason });
  });

  test('False of this generation is a refusal, wherever it stands', () => {
    const said = ALL.map((type) => ({ type, status: type === 'ResolvedRefs' ? 'False' : 'True' }));
    expect(confirmation(route(parent('internal', 'infra', said)), PLAN)).toEqual({
      kind: 'refused',
      message: 'Gateway infra/internal: ResolvedRefs is False, Why: words',
    });
  });

  test('a route without gateways is never confirmed', () => {
    expect(confirmation(route(internal), { ...PLAN, gateways: [] }).kind).toBe('waiting');
  });
});

describe('health of a gateway', () => {
  const gateway = (conditions: readonly unknown[]): KubeObject => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'g', namespace: 'serving', generation: 2 },
    status: { conditions },
  });
  const yes = (type: string) => ({ type, status: 'True', observedGeneration: 2 });

  test.each<[string, readonly unknown[], string | null]>([
    ['accepted and programmed', [yes('Accepted'), yes('Programmed')], null],
    [
      'no generation named',
      [
        { type: 'Accepted', status: 'True' },
        { type: 'Programmed', status: 'True' },
      ],
      null,
    ],
    ['nothing reported', [], 'Gateway serving/g: Accepted is not reported'],
    [
      'not programmed',
      [yes('Accepted'), { type: 'Programmed', status: 'False' }],
      'Gateway serving/g: Programmed is False',
    ],
    [
      'an older generation',
      [yes('Accepted'), { ...yes('Programmed'), observedGeneration: 1 }],
      'Gateway serving/g: Programmed is of an older generation',
    ],
  ])('%s', (_, conditions, sentence) => {
    expect(gatewayHealth(gateway(conditions))).toEqual(
      sentence === null ? { kind: 'healthy' } : { kind: 'unhealthy', sentence },
    );
  });
});
