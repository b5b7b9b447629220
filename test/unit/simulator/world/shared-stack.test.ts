import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createWorld } from '../../../../simulator/world/world.ts';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import { sharedPath } from '../../../helpers/shared.ts';
import { CLUSTER, MINUTE, pass, podsOf, pool, SECOND } from './a-world.ts';

const folder = sharedPath('manifests', 'gaie-v1.0.1');

function manifests(): readonly KubeObject[] {
  if (folder === null) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => parseAllDocuments(readFileSync(`${folder}/${name}`, 'utf8')))
    .map((document) => document.toJS() as KubeObject);
}

const POOL = 'vllm-llama3-8b-instruct';

/** The manifests are real ones, used in place; a clone without the shared folder has nothing to load. */
describe.runIf(folder !== null)('a published serving stack, unchanged', () => {
  test('loads, serves, and has its adapter', () => {
    const world = createWorld({ stacks: [{ objects: manifests() }] });
    expect(podsOf(world, POOL).map(({ ready }) => ready)).toEqual([true, true, true]);
    expect(podsOf(world, `${POOL}-epp`).map(({ ready }) => ready)).toEqual([true]);
    pass(world, 10 * MINUTE);
    expect(pool(world, POOL)).toMatchObject({ failed: 0, inRotation: 3, pickerUp: true });
    expect(pool(world, POOL).total).toBeGreaterThan(80_000);
    const [first] = podsOf(world, POOL);
    const { value } = world.handlers().models.ask({
      cluster: CLUSTER,
      namespace: 'default',
      target: { pod: first?.name ?? '', port: 8000 },
      method: 'GET',
      path: '/v1/models',
      timeoutMs: 5000,
    });
    const { data } = JSON.parse(value.kind === 'answered' ? value.body : '{}') as {
      data: readonly { id: string }[];
    };
    expect(data.map(({ id }) => id)).toEqual(['meta-llama/Llama-3.1-8B-Instruct', 'food-review-1']);
  });

  test('loses readiness by its own probes when it hangs', () => {
    const world = createWorld({ stacks: [{ objects: manifests() }] });
    world.act({ kind: 'serverHangs', target: { pool: POOL, pods: 1 }, forMs: MINUTE });
    world.advanceTo(world.nowMs + 3 * SECOND);
    expect(podsOf(world, POOL).map(({ ready }) => ready)).toEqual([false, true, true]);
  });
});
