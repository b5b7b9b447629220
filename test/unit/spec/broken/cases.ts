import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';

const caseSchema = z.strictObject({
  name: z.string(),
  /** A file of ../valid. */
  base: z.enum(['smallest', 'node', 'base-model', 'adapter', 'adapter-smallest']),
  /** Occurs once in the base. */
  find: z.string(),
  replace: z.string(),
  /** `line:column` in the edited text. */
  at: z.string().regex(/^\d+:\d+$/u),
  code: z.string(),
  path: z.string(),
});

export type BrokenCase = Readonly<z.infer<typeof caseSchema>>;

const text = readFileSync(join(import.meta.dirname, 'cases.yaml'), 'utf8');

export const BROKEN_CASES: readonly BrokenCase[] = z.array(caseSchema).parse(parse(text));
