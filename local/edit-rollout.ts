import { isCollection, parseDocument, stringify } from 'yaml';
import { parseRolloutFile } from '../workflows/spec/parse-rollout-file.ts';
import type { Read } from './input-problem.ts';
import type { RolloutInput } from './rollout-input.ts';
import type { FileEdit } from './scenarios.ts';

/** The rollout with some fields of its file set; comments and everything else of the text stay. */
export const editRollout = (rollout: RolloutInput, edits: readonly FileEdit[]): Read<RolloutInput> => {
  if (edits.length === 0) return { kind: 'ok', value: rollout };
  const document = parseDocument(rollout.text);
  for (const { path, value } of edits) {
    const parent = document.getIn(path.slice(0, -1));
    // A path through something that is not there, or is a plain value, makes the mappings that it needs.
    if (parent !== undefined && !isCollection(parent)) document.deleteIn(path.slice(0, -1));
    document.setIn(path, document.createNode(value));
  }
  const text = document.toString();
  const parsed = parseRolloutFile(text, rollout.fileName);
  if (parsed.kind === 'problems') return parsed;
  return { kind: 'ok', value: { ...rollout, text, spec: parsed.spec } };
};

/** A rollout file's text from its value, under a comment. */
export const rolloutText = (comment: string, value: unknown): string =>
  `${comment
    .split('\n')
    .map((line) => `# ${line}`)
    .join('\n')}\n${stringify(value)}`;
