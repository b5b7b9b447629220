/** What a model server was started with, as far as its container says. Source of the names: vLLM's engine arguments. */
import type { KubeObject } from '../kubernetes.ts';
import { at, itemsOf, numberAt, textAt } from './fields.ts';
import { nameOf } from './findings.ts';
import { replicasOf } from './inference-pool.ts';
import type { Side } from './survey.ts';

/** Flag forms `--model X`, `--model=X`. */
export const flagOf = (words: readonly string[], flag: string): string | null => {
  for (const [index, word] of words.entries()) {
    if (word === flag) return words[index + 1] ?? null;
    if (word.startsWith(`${flag}=`)) return word.slice(flag.length + 1);
  }
  return null;
};

/** Command and arguments of a container. */
export const wordsOf = (container: unknown): readonly string[] =>
  [...itemsOf(at(container, 'command')), ...itemsOf(at(container, 'args'))].filter(
    (word) => typeof word === 'string',
  );

/** Pods of a side by what they were made from; pods that no Deployment makes speak for themselves. */
export interface PodSource {
  /** `Deployment team/llm`. */
  readonly name: string;
  readonly podSpec: unknown;
}

export const podSourcesOf = (side: Side): readonly PodSource[] => {
  const workloads = side.workloads.filter((workload) => replicasOf(workload) > 0);
  const sourceOf = (object: KubeObject, ...path: readonly string[]): PodSource => ({
    name: nameOf(object),
    podSpec: at(object, ...path),
  });
  if (workloads.length > 0) return workloads.map((one) => sourceOf(one, 'spec', 'template', 'spec'));
  const pods = side.pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return pods.slice(0, 1).map((one) => sourceOf(one, 'spec'));
};

/** The container of the model server: by the pool's port, by its arguments, else the first. */
export const serverContainer = ({ podSpec }: PodSource, port: number): unknown => {
  const containers = itemsOf(at(podSpec, 'containers'));
  const hasPort = (container: unknown): boolean =>
    itemsOf(at(container, 'ports')).some((one) => numberAt(one, 'containerPort') === port);
  const hasModel = (container: unknown): boolean => flagOf(shellWords(container), '--model') !== null;
  return containers.find(hasPort) ?? containers.find(hasModel) ?? containers[0];
};

/** The words of a shell's command line count one by one; underscores in names of flags are dashes. */
const shellWords = (container: unknown): readonly string[] =>
  wordsOf(container)
    .flatMap((word) => word.trim().split(/\s+/u))
    .map((word) =>
      word.startsWith('--') ? word.replace(/^[^=]+/u, (name) => name.replaceAll('_', '-')) : word,
    );

export interface LoraArguments {
  /** null: not known. */
  readonly enabled: boolean | null;
  /** null: not known. Absent flags have vLLM's defaults. */
  readonly maxLoras: number | null;
  readonly maxCpuLoras: number | null;
  readonly maxRank: number | null;
  readonly model: string | null;
}

const MAX_LORAS_DEFAULT = 1;
const MAX_RANK_DEFAULT = 16;

export const loraArguments = (container: unknown): LoraArguments => {
  const words = shellWords(container);
  // A file may say the rest, and an image may have a command of its own.
  const isWhole = words.length > 0 && !words.some((word) => /^--config(=|$)/u.test(word));
  const numberOf = (flag: string, absent: number | null): number | null => {
    const text = flagOf(words, flag);
    if (text === null) return isWhole ? absent : null;
    return /^\d{1,6}$/u.test(text) ? Number(text) : null;
  };
  const maxLoras = numberOf('--max-loras', MAX_LORAS_DEFAULT);
  const flag = words.find((word) => /^--enable-lora(=|$)/u.test(word));
  return {
    enabled: flag === undefined ? (isWhole ? false : null) : !/=false$/iu.test(flag),
    maxLoras,
    maxCpuLoras: numberOf('--max-cpu-loras', maxLoras),
    maxRank: numberOf('--max-lora-rank', MAX_RANK_DEFAULT),
    model: flagOf(words, '--model'),
  };
};

/** The value of an environment variable; `hidden` where only the cluster knows it, null where it is not set. */
export const environmentOf = (
  container: unknown,
  name: string,
): { readonly value: string } | 'hidden' | null => {
  const entry = itemsOf(at(container, 'env')).find((one) => textAt(one, 'name') === name);
  if (entry === undefined) return itemsOf(at(container, 'envFrom')).length > 0 ? 'hidden' : null;
  if (at(entry, 'valueFrom') !== undefined) return 'hidden';
  return { value: textAt(entry, 'value') ?? '' };
};
