import { describe, expect, test } from 'vitest';
import { type KubeResource, RESOURCES } from '../../../../workflows/kubernetes.ts';
import { fixture, refusalOf, SLUICE } from './fixture.ts';

const BLOCKED = '<nil>';

const refusal = (resource: KubeResource, spec: unknown) => {
  const { server } = fixture();
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  const object = { apiVersion, kind: resource.kind, metadata: { name: 'x' }, spec };
  const reply = server.request({ verb: 'create', resource, namespace: 'default', object }, SLUICE);
  return { status: reply.status, fields: refusalOf(reply).fields };
};

const rule = (more: object) => ({ parentRefs: [{ name: 'gw' }], rules: [more] });
const backend = { name: 'svc', port: 80 };

describe('an HTTPRoute', () => {
  test.each([
    ['a relative path', rule({ matches: [{ path: { value: 'v1' } }] }), ['spec.rules[0].matches[0].path']],
    [
      'an empty segment',
      rule({ matches: [{ path: { value: '/v1//x' } }] }),
      ['spec.rules[0].matches[0].path'],
    ],
    [
      'a match of a header twice',
      rule({
        matches: [
          {
            headers: [
              { name: 'a', value: '1' },
              { name: 'a', value: '2' },
            ],
          },
        ],
      }),
      ['spec.rules[0].matches[0].headers[1]'],
    ],
    [
      'a header without a value',
      rule({ matches: [{ headers: [{ name: 'a' }] }] }),
      ['spec.rules[0].matches[0].headers[0].value', BLOCKED],
    ],
    [
      'a redirect beside backends',
      rule({ backendRefs: [backend], filters: [{ type: 'RequestRedirect', requestRedirect: {} }] }),
      ['spec.rules[0]'],
    ],
    [
      'a filter without its field',
      rule({ backendRefs: [backend], filters: [{ type: 'URLRewrite' }] }),
      ['spec.rules[0].filters[0]'],
    ],
    [
      'a filter twice',
      rule({
        filters: [
          { type: 'URLRewrite', urlRewrite: {} },
          { type: 'URLRewrite', urlRewrite: {} },
        ],
      }),
      ['spec.rules[0].filters'],
    ],
    [
      'the same parent twice',
      { parentRefs: [{ name: 'gw' }, { name: 'gw' }], rules: [] },
      ['spec.rules', 'spec.parentRefs'],
    ],
    ['a time-out in words', rule({ timeouts: { request: 'long' } }), ['spec.rules[0].timeouts.request']],
    ['a host name with a port', { hostnames: ['a.example:80'] }, ['spec.hostnames[0]']],
    [
      '129 matches',
      { rules: Array.from({ length: 3 }, () => ({ matches: Array(43).fill({ path: { value: '/' } }) })) },
      ['spec.rules'],
    ],
  ])('with %s is refused', (_, spec, fields) => {
    expect(refusal(RESOURCES.httpRoute, spec)).toEqual({ status: 422, fields });
  });

  test('with everything that a route of ours has is accepted', () => {
    const spec = {
      parentRefs: [
        { name: 'gw', sectionName: 'http' },
        { name: 'gw', sectionName: 'https' },
      ],
      hostnames: ['*.example.com'],
      rules: [
        {
          name: 'door',
          matches: [
            {
              path: { type: 'Exact', value: '/v1/models' },
              headers: [{ name: 'x-sluice-door', value: 'r1' }],
            },
          ],
          filters: [
            { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }] } },
          ],
          backendRefs: [{ ...backend, weight: 1_000_000 }],
          timeouts: { request: '10s' },
        },
      ],
    };
    expect(refusal(RESOURCES.httpRoute, spec).status).toBe(201);
  });
});

describe('the inference kinds', () => {
  const pool = (more: object) => ({
    selector: { matchLabels: { app: 'a' } },
    targetPorts: [{ number: 8000 }],
    endpointPickerRef: { name: 'p', port: { number: 9002 } },
    ...more,
  });

  test.each([
    ['ports that are equal', pool({ targetPorts: [{ number: 1 }, { number: 1 }] }), ['spec.targetPorts']],
    ['a port of 0', pool({ targetPorts: [{ number: 0 }] }), ['spec.targetPorts[0].number']],
    ['a selector of nothing', pool({ selector: { matchLabels: {} } }), ['spec.selector.matchLabels']],
    [
      'a label that is none',
      pool({ selector: { matchLabels: { a: '-' } } }),
      ['spec.selector.matchLabels.a'],
    ],
  ])('a pool with %s is refused', (_, spec, fields) => {
    expect(refusal(RESOURCES.inferencePool, spec)).toEqual({ status: 422, fields });
  });

  test.each([
    ['no target', [], 'spec.rules[0].targets'],
    ['a weight of 0', [{ modelRewrite: 'a', weight: 0 }], 'spec.rules[0].targets[0].weight'],
  ])('a rewrite with %s is refused', (_, targets, field) => {
    const spec = { poolRef: { name: 'llm' }, rules: [{ matches: [{ model: { value: 'a' } }], targets }] };
    expect(refusal(RESOURCES.inferenceModelRewrite, spec)).toEqual({ status: 422, fields: [field] });
  });
});

test('a Gateway whose listeners listen to the same is refused', () => {
  const listener = (name: string) => ({ name, port: 80, protocol: 'HTTP' });
  const spec = { gatewayClassName: 'gke', listeners: [listener('a'), listener('b')] };
  expect(refusal(RESOURCES.gateway, spec)).toEqual({ status: 422, fields: ['spec.listeners'] });
});

test.each([
  ['a label that is no value', { labels: { a: 'not a value' } }, 'metadata.labels'],
  ['an annotation whose key is none', { annotations: { 'a b': '' } }, 'metadata.annotations'],
  ['annotations of more than 256 KiB', { annotations: { a: 'ü'.repeat(131_072) } }, 'metadata.annotations'],
  ['no name', { name: '' }, 'metadata.name'],
])('metadata with %s is refused', (_, metadata, field) => {
  const { server } = fixture();
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', ...metadata } };
  const reply = server.request(
    { verb: 'create', resource: RESOURCES.configMap, namespace: 'default', object },
    SLUICE,
  );
  expect(refusalOf(reply)).toEqual({ status: 422, reason: 'Invalid', fields: [field] });
});
