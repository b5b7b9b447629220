import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../../cli/main.ts';
import { EXAMPLES } from '../../../local/demo-input.ts';
import type { PlanResult } from '../../../workflows/plans/plan.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { testIo } from '../../helpers/test-io.ts';

const STACK = join(EXAMPLES, 'node-update');
const FILE = join(STACK, 'rollout.yaml');

const planned = async (file: string, stack: string, ...more: readonly string[]) => {
  const io = testIo();
  const code = await runCli(['plan', '-f', file, '--stack', stack, ...more], io);
  return { code, lines: io.outLines, text: io.outLines.join('\n'), errors: io.errLines };
};

/** The lines of a part of the page: from its heading to the next empty line. */
const partOf = (lines: readonly string[], heading: string): readonly string[] => {
  const from = lines.findIndex((line) => line.startsWith(heading));
  const rest = lines.slice(from + 1);
  return rest.slice(0, rest.indexOf(''));
};

describe('sluice plan', () => {
  test('shows what would be found, made, moved and deleted, and how the share climbs', async () => {
    const { code, lines, errors } = await planned(FILE, STACK);
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(lines[0]).toBe(
      'llm-to-h200 · node · serving/llm → serving/llm-new · projects/acme/locations/us-central1/clusters/inference',
    );
    expect(partOf(lines, 'ROUTES')).toEqual([
      '   serving/routes-to-llm   rule 0   llm 1 → llm 99, llm-new 1 at 1 % → llm 0, llm-new 100 at 100 %',
    ]);
    expect(partOf(lines, 'WILL CREATE')).toContain(
      '   NodePool h200-…   2 × a3-ultragpu-8g in us-central1-a, us-central1-b, onDemand; tainted sluice.dev/rollout',
    );
    expect(partOf(lines, 'WILL DELETE')).toEqual([
      '   Deployment serving/llm',
      '   Deployment serving/llm-epp',
      '   Service serving/llm-epp',
      '   GCPBackendPolicy serving/llm',
      '   HealthCheckPolicy serving/llm',
      '   InferencePool serving/llm',
      '   ConfigMap serving/llm-epp',
    ]);
    expect(partOf(lines, 'LADDER').slice(0, 6)).toEqual([
      '   1 %      10m      errors, ttft.slo   at once',
      '   5 %      10m      errors, ttft.slo   +10m',
      '   25 %     15m      errors, ttft.slo   +20m',
      '   50 %     30m      errors, ttft.slo   +35m',
      '   100 %    1h       errors, ttft.slo   +1h05m',
      '   then the old side stays ready for 30m: earliest end +2h35m',
    ]);
    expect(partOf(lines, 'NOT IN THIS VERSION').length).toBeGreaterThan(5);
    expect(lines.at(-1)).toMatch(/^startable {3}plan [0-9a-f]{64}$/);
  });

  test('shows an adapter’s versions, targets and loading in place of pools', async () => {
    const folder = join(EXAMPLES, 'adapter');
    const { code, lines, errors } = await planned(join(folder, 'rollout.yaml'), folder);
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(lines[0]).toBe(
      'food-review-update · adapter · food-review-1: food-review-1 → food-review-2 in serving/llm · projects/acme/locations/us-central1/clusters/inference',
    );
    expect(partOf(lines, 'ADAPTER')).toEqual([
      '   food-review-1 → food-review-2   from acme/llama-3.1-8b-food-review-v2-r8',
      '   on 8 pods of 1 pool: llm',
      '   loaded by the pods’ own sidecar; no request is moved before each of them has it',
    ]);
    expect(partOf(lines, 'TARGETS')).toEqual([
      '   InferenceModelRewrite serving/food-review-1-llm   rule 0   food-review-1 1 → food-review-1 95, food-review-2 5 at 5 % → food-review-2 100 at 100 %',
      '   followed when the pickers count requests for the new target, at the latest after the settle time',
    ]);
    expect(partOf(lines, 'WILL CREATE')).toEqual([
      '   InferenceModelRewrite serving/food-review-1-llm   stays after the promotion, for clients ask by it; goes after a rollback',
      '   with the old version as its only target: nobody is moved by it',
    ]);
    expect(partOf(lines, 'WILL CHANGE')).toEqual([
      '   targets and sluice.dev annotations of InferenceModelRewrite serving/food-review-1-llm',
      '   ConfigMap serving/llm-adapters   configmap.yaml: food-review-2 under ensureExist, all other lines as they are',
    ]);
    expect(partOf(lines, 'WILL UNLOAD')).toEqual([
      '   nothing: retire is keep, the old version stays loaded',
    ]);
    expect(partOf(lines, 'WAY BACK')).toEqual([
      '   from any rung one write of each object; food-review-1 stays loaded on every pod until then',
      '   food-review-2 is unloaded 1h later',
      '   alerts that roll back: projects/acme/alertPolicies/food-review-quality',
    ]);
  });

  test('two plans of an unchanged cluster have the same hash, another file has another', async () => {
    const hashOf = async (file: string): Promise<string> => {
      const { text } = await planned(file, STACK, '--json');
      const result = JSON.parse(text) as PlanResult;
      return result.kind === 'planned' ? result.hash : 'refused';
    };
    using folder = temporaryFolder({
      'rollout.yaml': readFileSync(FILE, 'utf8')
        .replace('old: 30m', 'old: 31m')
        .replace('./new/', `${STACK}/new/`),
    });
    const first = await hashOf(FILE);
    expect(await hashOf(FILE)).toBe(first);
    expect(await hashOf(folder.at('rollout.yaml'))).not.toBe(first);
  });

  test('errors are named with object, what, why and mend: exit 2', async () => {
    using folder = temporaryFolder({
      'rollout.yaml': readFileSync(FILE, 'utf8')
        .replace('like: h100', 'like: h101')
        .replaceAll('pool: llm\n', 'pool: lln\n')
        .replace('./new/', `${STACK}/new/`),
    });
    const { code, lines } = await planned(folder.at('rollout.yaml'), STACK);
    expect(code).toBe(2);
    expect(lines.slice(2)).toEqual([
      'FINDINGS   1 error · 0 warnings · 0 notes',
      ' ✖ pool-missing   InferencePool serving/lln',
      '     Cluster projects/acme/locations/us-central1/clusters/inference has no InferencePool lln in namespace serving.',
      '     why:  A rollout moves the traffic of an existing pool.',
      '     mend: Correct spec.from.pool, spec.namespace or spec.cluster.',
      '',
      '1 error: not startable',
    ]);
  });

  test('a warning that is not acknowledged: exit 3; acknowledged: exit 0', async () => {
    const server = readFileSync(join(STACK, 'new', 'model-server.yaml'), 'utf8');
    const files = Object.fromEntries(
      ['pool', 'picker', 'policies'].map((name) => [
        `new/${name}.yaml`,
        readFileSync(join(STACK, 'new', `${name}.yaml`), 'utf8'),
      ]),
    );
    const text = readFileSync(FILE, 'utf8');
    using folder = temporaryFolder({
      ...files,
      'new/model-server.yaml': server.replace(/ +- --revision=.*\n/, ''),
      'a.yaml': text,
      'b.yaml': text.replace('  type: node', '  type: node\n  acknowledge: [floating-model]'),
    });
    const refused = await planned(folder.at('a.yaml'), STACK);
    expect(refused.code).toBe(3);
    expect(refused.lines).toContain(' ! floating-model   Deployment serving/llm-new');
    expect(refused.lines.at(-1)).toBe(
      'not startable: correct what the warnings say, or add their codes to spec.acknowledge',
    );
    const accepted = await planned(folder.at('b.yaml'), STACK);
    expect(accepted.code).toBe(0);
    expect(accepted.lines).toContain(' ! floating-model   Deployment serving/llm-new   (acknowledged)');
  });
});
