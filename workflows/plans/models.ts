/** What both sides serve: names, adapters, context length, pinned or floating weights. */
import { type KubeObject, RESOURCES } from '../kubernetes.ts';
import { at, itemsOf } from './fields.ts';
import { finding, nameOf } from './findings.ts';
import type { ServedModel } from './observed-cluster.ts';
import type { Finding, Plan } from './plan.ts';
import { flagOf, wordsOf } from './server-arguments.ts';
import type { Survey } from './survey.ts';

export interface ServedByOld {
  /** Base models' names, sorted. */
  readonly names: readonly string[];
  /** Adapters' names, sorted: the union over all pods, as any of them may be asked for. */
  readonly adapters: readonly string[];
  /** The shortest of all pods; null where no pod told. */
  readonly maxModelLen: number | null;
}

export const servedByOld = (survey: Survey): ServedByOld => {
  const models: ServedModel[] = survey.observed.oldModels.flatMap((answer) => answer.models ?? []);
  const ids = (isBase: boolean): readonly string[] =>
    [
      ...new Set(models.filter((model) => (model.parent === null) === isBase).map((model) => model.id)),
    ].sort();
  const lengths = models.map((model) => model.maxModelLen).filter((length) => length !== null);
  return {
    names: ids(true),
    adapters: ids(false),
    maxModelLen: lengths.length === 0 ? null : Math.min(...lengths),
  };
};

/** A new base model: every name and every adapter of the old side must be accounted for. */
export const checkMappings = (survey: Survey): readonly Finding[] => {
  const { spec } = survey;
  const { model, adapters } = spec.to;
  if (model === null) return [];
  const served = servedByOld(survey);
  const object = `${RESOURCES.inferencePool.kind} ${spec.namespace}/${spec.from.pool}`;
  const found: Finding[] = [];
  for (const name of served.names)
    if (!model.servedNames.includes(name))
      found.push(
        finding(
          'served-names',
          object,
          `It serves ${name}; the new names are ${model.servedNames.join(', ') || 'none'}.`,
        ),
      );
  for (const adapter of served.adapters) {
    const choice = adapters[adapter];
    if (choice === undefined)
      found.push(
        finding(
          'adapters-unmapped',
          object,
          `It serves the adapter ${adapter}, to.adapters has no line for it.`,
        ),
      );
    if (choice === 'drop')
      found.push(
        finding('adapter-dropped', object, `It serves the adapter ${adapter}, to.adapters drops it.`),
      );
  }
  if (served.maxModelLen !== null && model.maxModelLen !== null && model.maxModelLen < served.maxModelLen)
    found.push(
      finding(
        'context-shorter',
        object,
        `It takes ${served.maxModelLen} tokens, to.model.maxModelLen is ${model.maxModelLen}.`,
      ),
    );
  if (model.revision === null)
    found.push(finding('floating-model', `Rollout ${spec.name}`, `to.model.id ${model.id} has no revision.`));
  return found;
};

/** Workloads of the new side that name a model of a hub without a revision. */
export const checkFloating = (survey: Survey): readonly Finding[] =>
  (survey.new?.workloads ?? []).flatMap((workload) => {
    const model = floatingModel(workload);
    return model === null
      ? []
      : [finding('floating-model', nameOf(workload), `--model ${model} is given without --revision.`)];
  });

/** Paths and bucket addresses do not float. Null where nothing floats. */
const floatingModel = (workload: KubeObject): string | null => {
  for (const container of itemsOf(at(workload, 'spec', 'template', 'spec', 'containers'))) {
    const words = wordsOf(container);
    const model = flagOf(words, '--model');
    if (model === null || !/^[^/.:]+\/[^/]+$/.test(model)) continue;
    if (flagOf(words, '--revision') === null) return model;
  }
  return null;
};

/** What proves the verified adapters; nothing where there is none, or nothing to compare them with. */
export const planEffect = (
  survey: Survey,
  adapters: readonly string[],
  base: string | undefined,
): Pick<Plan['verify'], 'effect'> => {
  const { adapterEffect, adapterPrompts } = survey.spec.verify;
  if (adapters.length === 0 || base === undefined) return {};
  const prompts = Object.entries(adapterPrompts).filter(([name]) => adapters.includes(name));
  return { effect: { mode: adapterEffect, base, prompts: Object.fromEntries(prompts) } };
};

/** Prompts for what is not verified are a name that was misspelt. */
export const checkPrompts = (survey: Survey, adapters: readonly string[]): readonly Finding[] =>
  Object.keys(survey.spec.verify.adapterPrompts)
    .filter((name) => !adapters.includes(name))
    .map((name) =>
      finding(
        'prompts-unused',
        `Rollout ${survey.spec.name}`,
        `verify.adapters.prompts names ${name}; verified are ${adapters.join(', ') || 'no adapters'}.`,
      ),
    );
