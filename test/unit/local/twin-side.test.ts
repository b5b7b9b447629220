import { describe, expect, test } from 'vitest';
import { EXAMPLES } from '../../../local/demo-input.ts';
import { readStack } from '../../../local/manifest-files.ts';
import { demandOf, servingPool } from '../../../local/stack.ts';
import { twinSide } from '../../../local/twin-side.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { at } from '../../../workflows/plans/fields.ts';

const exampleStack = (name: string): readonly KubeObject[] => {
  const read = readStack(`${EXAMPLES}/${name}`);
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  return read.value.map(({ object }) => object);
};

describe('a twin of a stack’s own pool', () => {
  const stack = exampleStack('node-update');
  const pool = servingPool(stack);
  const twins = pool === null ? [] : twinSide(stack, pool);
  const twin = (kind: string, name: string): KubeObject | undefined =>
    twins.find((object) => object.kind === kind && object.metadata.name === name);

  test('has what a side needs, and shares the rest', () => {
    const names = twins.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names.toSorted()).toEqual([
      'Deployment llm-epp-new',
      'Deployment llm-new',
      'GCPBackendPolicy llm-new',
      'HealthCheckPolicy llm-new',
      'InferencePool llm-new',
      'RoleBinding llm-epp-new',
      'Service llm-epp-new',
      'ServiceAccount llm-epp-new',
    ]);
  });

  test('selects its own pods by a label of its own, through a picker of its own', () => {
    expect(twin('InferencePool', 'llm-new')?.['spec']).toEqual({
      selector: { matchLabels: { app: 'llm-new' } },
      targetPorts: [{ number: 8000 }],
      endpointPickerRef: { name: 'llm-epp-new', kind: 'Service', port: { number: 9002 } },
    });
    expect(at(twin('Service', 'llm-epp-new'), 'spec', 'selector')).toEqual({ app: 'llm-epp-new' });
    const picker = at(twin('Deployment', 'llm-epp-new'), 'spec', 'template', 'spec');
    expect(JSON.stringify(picker)).toContain('--pool-name=llm-new');
    expect(picker).toMatchObject({ serviceAccountName: 'llm-epp-new' });
  });

  test('runs on other nodes: the old side’s node pool is not selected', () => {
    const servers = at(twin('Deployment', 'llm-new'), 'spec', 'template', 'spec');
    expect(servers).toMatchObject({ nodeSelector: {} });
    expect(at(twin('Deployment', 'llm-new'), 'spec', 'template', 'metadata', 'labels')).toEqual({
      app: 'llm-new',
    });
  });

  test('leaves the stack as it was', () => {
    expect(exampleStack('node-update')).toEqual(stack);
  });
});

describe('what a stack asks for', () => {
  test('machines by node pool, as pods fit on them', () => {
    expect(demandOf(exampleStack('node-update'))).toEqual([{ nodePool: 'h100', machines: 1.5 }]);
    expect(demandOf(exampleStack('base-model'))).toEqual([{ nodePool: 'h100', machines: 3 / 8 }]);
  });

  test('no pool is served where no route names one', () => {
    const stack = exampleStack('node-update');
    expect(servingPool(stack)?.name).toBe('llm');
    expect(servingPool(stack.filter(({ kind }) => kind !== 'HTTPRoute'))).toBeNull();
    expect(servingPool(stack.filter(({ kind }) => kind !== 'InferencePool'))).toBeNull();
  });
});
