import { at, itemsOf, numberAt, textAt } from '../../../workflows/plans/fields.ts';
import type { ServedModel } from '../../../workflows/plans/observed-cluster.ts';
import type { AskResult } from '../../../workflows/ports.ts';

/** The value of a JSON text; undefined where it is none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The models of an answer to `GET /v1/models` (shape as vLLM 0.32 gives it); null where it is no such answer. */
export const readServedModels = (result: AskResult): readonly ServedModel[] | null => {
  if (result.kind === 'unanswered' || result.status !== 200) return null;
  const data = at(parseJson(result.body), 'data');
  if (!Array.isArray(data)) return null;
  return itemsOf(data).flatMap((entry) => {
    const id = textAt(entry, 'id');
    if (id === null) return [];
    return [
      {
        id,
        parent: textAt(entry, 'parent'),
        root: textAt(entry, 'root'),
        maxModelLen: numberAt(entry, 'max_model_len'),
      },
    ];
  });
};
