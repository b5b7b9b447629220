/** What an API server's answer means for who asked. */
import type { KubeObject, KubeResource } from '../../../workflows/kubernetes.ts';
import type { KubeAnswer, KubeList, NoAnswer } from '../../../workflows/ports.ts';

/** Nobody knows whether it happened, or the server is not able to say now: ask again later. */
export const isTransient = <T>(answer: KubeAnswer<T> | NoAnswer): boolean =>
  answer.kind === 'noAnswer' || answer.status === 408 || answer.status === 429 || answer.status >= 500;

/** For people: what came back, in a few words. */
export const sayKubeAnswer = <T>(answer: KubeAnswer<T> | NoAnswer): string =>
  answer.kind === 'noAnswer'
    ? `no answer (${answer.why})`
    : `${answer.status} ${answer.failure?.reason ?? ''} ${answer.failure?.message ?? ''}`
        .replace(/\s+/g, ' ')
        .trim();

/** Items of a list, each with its kind: the API server leaves it out in lists of built-in resources. */
export const itemsOfList = (list: KubeList | undefined, resource: KubeResource): readonly KubeObject[] => {
  const items = list?.items ?? [];
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return items.map((item) =>
    (item.kind as string | undefined) === undefined ? { ...item, apiVersion, kind: resource.kind } : item,
  );
};
