import { formatInputProblem, type InputProblem } from '../../local/input-problem.ts';
import { readText } from '../../local/manifest-files.ts';
import { parseRolloutFile } from '../../workflows/spec/parse-rollout-file.ts';
import type { RolloutSpec } from '../../workflows/spec/rollout-spec.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { subjectOf } from '../terminal/adapter-plan-lines.ts';
import { counted } from '../terminal/words.ts';
import type { Context } from './context.ts';

export interface ValidateOptions {
  readonly file: readonly string[];
  readonly json?: boolean;
}

interface Checked {
  readonly file: string;
  readonly spec: RolloutSpec | null;
  readonly problems: readonly InputProblem[];
}

const check = (file: string): Checked => {
  const text = readText(file, 'rollout file');
  if (text.kind === 'problems') return { file, spec: null, problems: text.problems };
  const parsed = parseRolloutFile(text.value, file);
  return parsed.kind === 'ok'
    ? { file, spec: parsed.spec, problems: [] }
    : { file, spec: null, problems: parsed.problems };
};

/** `sluice validate`: rollout files by themselves, without a cluster. */
export const validate = async (
  { io, palette }: Context,
  { file, json = false }: ValidateOptions,
): Promise<ExitCode> => {
  const checked = file.map(check);
  const count = checked.reduce((sum, { problems }) => sum + problems.length, 0);
  if (json) {
    const files = checked.map((one) => ({
      file: one.file,
      valid: one.problems.length === 0,
      problems: one.problems,
    }));
    io.out(JSON.stringify({ valid: count === 0, files }, null, 2));
    return count === 0 ? EXIT.ok : EXIT.usage;
  }
  for (const { file: name, spec, problems } of checked) {
    for (const problem of problems) io.out(formatInputProblem(problem));
    if (spec !== null)
      io.out(
        `${name}  ${palette.good('valid')}  ${spec.type} rollout ${spec.name}: ${spec.adapter === null ? `${spec.namespace}/${spec.from.pool} → ${spec.to.pool}` : subjectOf(spec)}`,
      );
  }
  if (count > 0) io.err(counted(count, 'problem'));
  return count === 0 ? EXIT.ok : EXIT.usage;
};
