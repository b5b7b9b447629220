import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { GitOpsParameters } from './parameters.ts';
import { resourceOf } from './resources.ts';

/** Applies its desired state with force, again and again, as Argo CD's self-heal does. */
function follow(engine: Engine, cluster: Cluster, parameters: GitOpsParameters): void {
  const { object, manager, everyMs } = parameters;
  const resource = resourceOf(object);
  if (resource === undefined) return;
  const untilMs = parameters.untilMs ?? Number.POSITIVE_INFINITY;
  const startMs = engine.now();
  const sync = (): void => {
    if (engine.now() - startMs > untilMs) return;
    const namespace = resource.namespaced ? (object.metadata.namespace ?? 'default') : null;
    cluster.kube.request(
      {
        verb: 'patch',
        resource,
        namespace,
        name: object.metadata.name,
        type: 'apply',
        patch: object,
        force: true,
      },
      { user: manager, manager },
    );
    engine.after(everyMs, sync);
  };
  engine.after(parameters.fromMs, sync);
}

export function startGitOps(engine: Engine, clusters: ReadonlyMap<string, Cluster>): void {
  for (const parameters of engine.parameters.gitOps) {
    const cluster = clusters.get(parameters.cluster);
    if (cluster !== undefined) follow(engine, cluster, parameters);
  }
}
