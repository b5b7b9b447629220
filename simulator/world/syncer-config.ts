import { parse } from 'yaml';
import { at, items, text } from './fields.ts';

/** What the adapter syncer's configuration asks for. */
export interface WantedAdapters {
  readonly exist: readonly (readonly [name: string, path: string])[];
  readonly absent: readonly string[];
}

export const NOTHING_WANTED: WantedAdapters = { exist: [], absent: [] };

/** A text that is no YAML asks for nothing; a name in both lists is left as it is. */
export function wantedAdapters(source: string | undefined): WantedAdapters {
  if (source === undefined) return NOTHING_WANTED;
  let document: unknown;
  try {
    document = parse(source);
  } catch {
    return NOTHING_WANTED;
  }
  const config = at(document, 'vLLMLoRAConfig');
  const modelsOf = (list: 'ensureExist' | 'ensureNotExist') =>
    items(at(config, list, 'models')).map((model): readonly [string, string] => [
      text(model['id']) ?? '',
      text(model['source']) ?? '',
    ]);
  const exist = modelsOf('ensureExist');
  const absent = modelsOf('ensureNotExist').map(([name]) => name);
  return {
    exist: exist.filter(([name]) => !absent.includes(name)),
    absent: absent.filter((name) => exist.every(([other]) => other !== name)),
  };
}
