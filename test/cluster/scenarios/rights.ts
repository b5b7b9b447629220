/** The two bundles of rights in infra/rbac, judged by a real authorizer. */
import { expect, test } from 'vitest';
import { auditedRequests } from '../control-plane/audit.ts';
import { rolloutOf, TWO_RUNGS } from './rollout-of.ts';
import { createScene, POOL, type Scene } from './scene.ts';
import type { Setting } from './setting.ts';
import { bundleFor, stackIn } from './stack-copy.ts';
import { tell } from './tell.ts';

const NAMESPACE = 'traffic-only';

/** Requests that change something, dry runs aside: reviews change nothing, and a model server's POST is no write. */
const writes = (setting: Setting): readonly string[] =>
  auditedRequests(setting.plane.folder, 'sluice')
    .filter(
      ({ verb, uri }) => ['create', 'update', 'patch', 'delete'].includes(verb) && !uri.includes('dryRun='),
    )
    .filter(({ uri }) => !uri.includes('/proxy/') && !uri.includes('selfsubjectaccessreviews'))
    .filter(({ uri }) => uri.includes(`/namespaces/${NAMESPACE}/`))
    .map(({ verb, uri, status }) => `${verb} ${uri.split('?')[0] ?? ''} ${String(status)}`);

const PATH =
  /^\/apis?\/(?:([^/]+\.[^/]+|apps|autoscaling)\/)?v[^/]+\/(?:namespaces\/[^/]+\/)?([^/]+)(?:\/[^/]+(?:\/(\w+))?)?/;

/** `patch httproutes.gateway.networking.k8s.io`: what a request needed. */
const rightOf = ({ verb, uri }: { readonly verb: string; readonly uri: string }): string => {
  const [, group = '', plural = '', subresource] = PATH.exec(uri.split('?')[0] ?? '') ?? [];
  return `${verb} ${plural}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`;
};

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const rightsIn = (file: 'traffic-only.yaml'): readonly string[] =>
  bundleFor(file, 'sluice', NAMESPACE)
    .flatMap((object) => (object['rules'] ?? []) as readonly Rule[])
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((plural) =>
          verbs.map((verb) => `${verb} ${plural}${group === '' ? '' : `.${group}`}`),
        ),
      ),
    );

/** Needed by clusters or stacks that this one is not. */
const NEEDED_ELSEWHERE = [
  // Groups that this cluster does not serve.
  /\.(llm-d\.ai|keda\.sh)$/,
  // Objectives are flipped where one of them sheds load, and handed over where the old side is deleted.
  /^(get|patch) inferenceobjectives\./,
];

/** In this order and before every other scenario: the user has no other rights yet. */
export const rights = (given: () => Setting): void => {
  let scene: Scene;

  test('traffic-only: what would create or delete is refused in preflight, all of it at once, and nothing is done', async () => {
    const setting = given();
    const { sluice } = setting;
    const stack = stackIn(NAMESPACE);
    const { manifests } = rolloutOf(stack, 'baseModel', 'side');
    scene = await createScene(setting, NAMESPACE, ['traffic-only.yaml'], manifests);
    const other = rolloutOf(stack, 'baseModel', 'creates', [
      { path: ['spec', 'to', 'pool'], value: `${POOL}-other` },
    ]);
    const renamed = JSON.parse(
      JSON.stringify(other.manifests).replaceAll('-new"', '-other"').replaceAll('-new=', '-other='),
    ) as typeof other.manifests;
    const id = await scene.start({ ...other, manifests: renamed });
    const { document, state } = await sluice.until(
      id,
      'failed',
      ({ document: { finishedAtMs } }) => finishedAtMs !== null,
    );
    const journal = await sluice.journal(id);
    const found = journal.flatMap(({ message }) =>
      message.kind === 'outcome' && message.outcome.kind === 'refused' ? message.outcome.findings : [],
    );
    const errors = found
      .filter(({ severity }) => severity === 'E')
      .map(({ code, object, what }) => `${code}: ${object}: ${what}`);
    console.log(`cluster: the authorizer refuses\n  ${errors.join('\n  ')}`);
    expect({ state: document.state, reason: state.context.ending?.reason }).toEqual({
      state: 'failed',
      reason: 'preflight',
    });
    expect(errors.length).toBeGreaterThan(5);
    expect(writes(setting)).toEqual([]);
  });

  test('traffic-only: moving traffic to a side that others made works, without a refusal', async () => {
    const startedMs = performance.now();
    const setting = given();
    const { sluice, fleet, plane } = setting;
    const before = auditedRequests(plane.folder, 'sluice').length;
    const rollout = rolloutOf(scene.stack, 'baseModel', 'traffic', [
      TWO_RUNGS,
      { path: ['spec', 'to', 'source'], value: 'existing' },
      { path: ['spec', 'retention', 'retire'], value: 'keep' },
    ]);
    const id = await scene.start({ ...rollout, manifests: [] });
    await sluice.until(id, 'finished', ({ document }) => document.finishedAtMs !== null);
    expect(await tell(setting, scene, id, { fleet, startedMs })).toEqual({
      state: 'promoted',
      shares: [0, 50, 100],
      usersFailed: 0,
      replayMatches: true,
    });
    const asked = auditedRequests(plane.folder, 'sluice').slice(before);
    expect(asked.filter(({ status }) => status === 403)).toEqual([]);
    expect(new Set(writes(setting).map((line) => line.replace(/\/[^/]+ 200$/, '')))).toEqual(
      new Set([`patch /apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/httproutes`]),
    );
  });

  test('traffic-only: no right of it is idle', () => {
    const used = new Set(auditedRequests(given().plane.folder, 'sluice').map(rightOf));
    const idle = rightsIn('traffic-only.yaml').filter((right) => !used.has(right));
    console.log(
      `cluster: ${String(rightsIn('traffic-only.yaml').length)} rights, idle here: ${idle.join(', ')}`,
    );
    expect(idle.filter((right) => !NEEDED_ELSEWHERE.some((pattern) => pattern.test(right)))).toEqual([]);
  });
};
