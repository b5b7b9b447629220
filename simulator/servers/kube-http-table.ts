import type { KubeObject, KubeResource } from '../../workflows/kubernetes.ts';
import { columnsOf } from './kube-http-columns.ts';

type Include = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly resource: Pick<KubeResource, 'group' | 'plural'>;
  /** What each row carries beside its cells; the query's `includeObject`. */
  readonly include: string;
  readonly nowMs: number;
  /** A watch names its columns once. */
  readonly withColumns: boolean;
}

/** Nothing but what an object is called. Source: kubernetes.io, API concepts, metadata-only fetches. */
export const metadataOnly = ({ metadata }: KubeObject): object => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
});

const includeOf = (asked: string): Include => (asked === 'None' || asked === 'Object' ? asked : 'Metadata');

function carried(object: KubeObject, include: Include): object | null {
  if (include === 'Object') return object;
  return include === 'None' ? null : metadataOnly(object);
}

/** Objects as `kubectl get` prints them. Source: kubernetes.io, API concepts, receiving resources as tables. */
export function tableOf(
  objects: readonly KubeObject[],
  listMetadata: unknown,
  options: TableOptions,
): object {
  const columns = columnsOf(options.resource.group, options.resource.plural);
  const include = includeOf(options.include);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: listMetadata,
    columnDefinitions: options.withColumns
      ? columns.map(({ name, type, description, priority }) => ({
          name,
          type,
          format: name === 'Name' ? 'name' : '',
          description,
          priority,
        }))
      : null,
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, options.nowMs)),
      object: carried(object, include),
    })),
  };
}
