import { execFile, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { aWorld, readRoute } from '../../unit/simulator/world/a-world.ts';
import { CLUSTER, type Hosted, hosted } from './hosted.ts';

const KUBECTL = 'kubectl';

/** Whether plain `kubectl` is on the PATH; where it is not, a sentence says so. */
const found = ((): boolean => {
  try {
    execFileSync(KUBECTL, ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('kubectl is not on the PATH: its tests are skipped');
    return false;
  }
})();

interface Kubectl {
  readonly here: Hosted;
  readonly folder: string;
  /** What it printed, and its exit code where that is not 0. */
  readonly run: (...args: readonly string[]) => Promise<string>;
  /** Path of a file with such objects. */
  readonly file: (...objects: readonly object[]) => string;
}

let runs = 0;

/** Runs a test with `kubectl` for a world of its own; nothing of the caller's own configuration is used. */
async function withKubectl(run: (kubectl: Kubectl) => Promise<void>): Promise<void> {
  using temporary = temporaryFolder();
  const folder = temporary.path;
  await hosted(aWorld({ llm: 90, 'llm-new': 10 }, { traffic: [] }), async (here) => {
    const env = environment(folder, here.kubeconfig);
    let files = 0;
    await run({
      here,
      folder,
      run: (...args) =>
        new Promise((resolve) => {
          runs++;
          execFile(KUBECTL, [...args], { env }, (error, stdout, stderr) => {
            const code = typeof error?.code === 'number' ? `exit ${error.code}: ` : '';
            resolve(`${code}${stdout}${stderr}`.trim());
          });
        }),
      file: (...objects) => {
        const path = join(folder, `file-${++files}.yaml`);
        writeFileSync(path, objects.map((object) => stringify(object)).join('---\n'));
        return path;
      },
    });
  });
}

function environment(folder: string, kubeconfig: string): NodeJS.ProcessEnv {
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, kubeconfig);
  return { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: path };
}

const map = (data: Readonly<Record<string, string>>, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', ...more },
  data,
});

const deployment = (replicas: number, image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
  },
});

const words = (text: string): readonly (readonly string[])[] =>
  text.split('\n').map((line) => line.split(/ {2,}/));

describe.runIf(found)('plain kubectl', () => {
  test('lists, shows and describes', async () => {
    await withKubectl(async ({ run }) => {
      const [header, route] = words(await run('get', 'httproutes'));
      expect({ header, route: route?.slice(0, 3) }).toEqual({
        header: ['NAME', 'HOSTNAMES', 'WEIGHTS', 'AGE'],
        route: ['routes-to-llm', 'llm=90 llm-new=10', expect.stringMatching(/^\d+[smhd]/)],
      });
      const pods = words(await run('get', 'pods', '-l', 'app=llm'));
      expect(pods.map((cells) => cells.slice(1, 4))).toEqual([
        ['READY', 'STATUS', 'RESTARTS'],
        ['1/1', 'Running', '0'],
        ['1/1', 'Running', '0'],
        ['1/1', 'Running', '0'],
      ]);
      expect(await run('get', 'pods', '--sort-by=.metadata.name', '-o', 'wide')).toContain('NODE');
      expect(await run('get', 'infpool', '-o', 'name')).toBe(
        'inferencepool.inference.networking.k8s.io/llm\ninferencepool.inference.networking.k8s.io/llm-new',
      );
      expect(await run('get', 'httproute', 'routes-to-llm', '-o', 'yaml')).toContain('weight: 90');
      expect(await run('describe', 'httproute', 'routes-to-llm')).toMatch(/Weight: +90/);
      expect(await run('describe', 'deployment', 'llm')).toContain('3 desired | 3 updated | 3 total');
      expect(await run('describe', 'pod', '-l', 'app=llm')).toContain('Controlled By:  Deployment/llm');
      expect(await run('explain', 'httproute.spec.rules.backendRefs')).toContain('weight\t<integer>');
      expect(await run('get', 'configmap', 'nobody')).toBe(
        'exit 1: Error from server (NotFound): configmaps "nobody" not found',
      );
      expect(await run('get', 'nonsense')).toContain('the server doesn\'t have a resource type "nonsense"');
      expect(await run('auth', 'can-i', 'patch', 'httproutes')).toBe('yes');
    });
  });

  test('patches, annotates, labels, scales and replaces', async () => {
    await withKubectl(async ({ run, file, here }) => {
      const route = 'httproute/routes-to-llm';
      const weight = '[{"op":"replace","path":"/spec/rules/0/backendRefs/0/weight","value":70}]';
      expect([
        await run('patch', route, '--type=json', '-p', weight),
        await run('patch', route, '--type=merge', '-p', '{"metadata":{"annotations":{"by":"merge"}}}'),
        await run('annotate', route, 'note=here'),
        await run('label', route, 'team=serving'),
      ]).toEqual([
        'httproute.gateway.networking.k8s.io/routes-to-llm patched',
        'httproute.gateway.networking.k8s.io/routes-to-llm patched',
        'httproute.gateway.networking.k8s.io/routes-to-llm annotated',
        'httproute.gateway.networking.k8s.io/routes-to-llm labeled',
      ]);
      const { metadata } = readRoute(here.world);
      expect({
        annotations: metadata.annotations,
        labels: metadata.labels,
        managers: metadata.managedFields?.map(({ manager }) => manager).sort(),
      }).toEqual({
        annotations: { by: 'merge', note: 'here' },
        labels: { team: 'serving' },
        managers: expect.arrayContaining(['kubectl-annotate', 'kubectl-label', 'kubectl-patch']),
      });
      expect(await run('patch', route, '--type=strategic', '-p', '{}')).toContain('is not supported by');
      await run('create', '-f', file(deployment(1, 'web:1')));
      const strategic =
        '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"B"}]}]}}}}';
      expect([
        await run('patch', 'deployment', 'web', '-p', strategic),
        await run('scale', 'deployment', 'web', '--replicas=3'),
        await run(
          'get',
          'deployment',
          'web',
          '-o',
          'jsonpath={.spec.replicas} {..containers[0].image} {..env[0].name}',
        ),
      ]).toEqual(['deployment.apps/web patched', 'deployment.apps/web scaled', '3 web:1 A']);
      await run('create', '-f', file(map({ a: '1' })));
      expect(await run('replace', '-f', file(map({ a: '2' })))).toBe('configmap/settings replaced');
    });
  });

  test('applies client-side and server-side, forced and not, and deletes', async () => {
    await withKubectl(async ({ run, file }) => {
      const one = file(map({ a: '1' }), deployment(1, 'web:1'));
      const two = file(map({ a: '2' }), deployment(2, 'web:2'));
      const typo = file({ ...map({ a: '1' }), dta: {} });
      expect([
        await run('apply', '-f', one, '--dry-run=server'),
        await run('apply', '-f', one),
        await run('apply', '-f', one),
        await run('apply', '-f', two),
      ]).toEqual([
        'configmap/settings created (server dry run)\ndeployment.apps/web created (server dry run)',
        'configmap/settings created\ndeployment.apps/web created',
        'configmap/settings unchanged\ndeployment.apps/web unchanged',
        'configmap/settings configured\ndeployment.apps/web configured',
      ]);
      expect(await run('apply', '-f', typo)).toContain('unknown field "dta"');
      const three = file(map({ a: '3' }));
      const refused = await run('apply', '--server-side', '--field-manager=argocd', '-f', three);
      expect(refused).toContain('Apply failed with 1 conflict');
      expect(refused).toContain('conflict with "kubectl-client-side-apply"');
      expect([
        await run('apply', '--server-side', '--field-manager=argocd', '--force-conflicts', '-f', three),
        await run('get', 'configmap', 'settings', '-o', 'jsonpath={.data.a}'),
        await run('delete', 'configmap', 'settings'),
        await run('delete', 'deployment', 'web'),
        await run('get', 'configmap,deployment', '-l', 'none=such', '-o', 'name'),
      ]).toEqual([
        'configmap/settings serverside-applied',
        '3',
        'configmap "settings" deleted',
        'deployment.apps "web" deleted',
        '',
      ]);
    });
  });

  test('watches and waits', async () => {
    await withKubectl(async ({ run, here, folder }) => {
      const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: join(folder, 'kubeconfig') };
      const watching = spawn(KUBECTL, ['get', 'httproute', 'routes-to-llm', '-w'], { env });
      const weights: string[] = [];
      for await (const line of createInterface(watching.stdout)) {
        const seen = /llm=\d+ llm-new=\d+/.exec(line)?.[0];
        if (seen === undefined) continue;
        if (weights.at(-1) !== seen) weights.push(seen);
        if (weights.length === 1) {
          here.world.act({
            kind: 'weightsEdited',
            route: 'routes-to-llm',
            weights: { llm: 50, 'llm-new': 50 },
          });
        } else break;
      }
      watching.kill();
      expect(weights).toEqual(['llm=90 llm-new=10', 'llm=50 llm-new=50']);
      expect(await run('wait', '--for=condition=Ready', 'pod', '-l', 'app=llm-epp', '--timeout=10s')).toMatch(
        /^pod\/llm-epp-\S+ condition met$/,
      );
      expect(await run('rollout', 'status', 'deployment/llm')).toBe(
        'deployment "llm" successfully rolled out',
      );
    });
  });

  test('who may not hears so', async () => {
    await withKubectl(async ({ run, here }) => {
      here.world.setAccess(CLUSTER, (_caller, verb) => verb === 'get' || verb === 'list');
      expect([
        await run('auth', 'can-i', 'delete', 'pods'),
        await run('auth', 'can-i', 'list', 'pods'),
      ]).toEqual(['exit 1: no', 'yes']);
      expect(await run('annotate', 'httproute', 'routes-to-llm', 'a=b')).toContain(
        'User "admin" cannot patch resource "httproutes"',
      );
      console.log(`kubectl: ${runs} commands against the simulated API server`);
      expect(runs).toBeGreaterThanOrEqual(39);
    });
  });
});
