/** A rollout file with the manifests that it names, read from the disk. */
import { dirname } from 'node:path';
import type { KubeObject } from '../workflows/kubernetes.ts';
import { parseRolloutFile } from '../workflows/spec/parse-rollout-file.ts';
import type { RolloutSpec } from '../workflows/spec/rollout-spec.ts';
import type { Read } from './input-problem.ts';
import { readNamedManifests, readText } from './manifest-files.ts';

/** What a start needs: the text travels as it is, the manifests beside it. */
export interface RolloutInput {
  readonly fileName: string;
  readonly text: string;
  readonly spec: RolloutSpec;
  readonly manifests: readonly KubeObject[];
}

/** Reads the file, checks it, and reads what it names. All problems of a stage at once. */
export const readRollout = (path: string): Read<RolloutInput> => {
  const text = readText(path, 'rollout file');
  if (text.kind === 'problems') return text;
  const parsed = parseRolloutFile(text.value, path);
  if (parsed.kind === 'problems') return parsed;
  const { spec } = parsed;
  if (spec.to.source.kind === 'existing')
    return { kind: 'ok', value: { fileName: path, text: text.value, spec, manifests: [] } };
  const manifests = readNamedManifests(dirname(path), spec.to.source.paths, path);
  if (manifests.kind === 'problems') return manifests;
  return {
    kind: 'ok',
    value: { fileName: path, text: text.value, spec, manifests: manifests.value.map(({ object }) => object) },
  };
};
