import { rolloutJsonSchema } from '../../workflows/spec/json-schema.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Context } from './context.ts';

/** `sluice schema`: the rollout file's JSON Schema, for editors. */
export const schema = async ({ io }: Context): Promise<ExitCode> => {
  io.out(JSON.stringify(rolloutJsonSchema(), null, 2));
  return EXIT.ok;
};
