/**
 * For `node --import`: the mutant named in the environment variable SLUICE_MUTANT is planted while its files are loaded.
 * Fails loudly where an edit does not fit, and at the end where a file was never loaded: a mutant that was not there
 * proves nothing.
 */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mutantNamed } from './all-mutants.ts';
import { applyEdits } from './mutant.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NOT_PLANTED = 70;

const plant = (name: string): void => {
  const { edits } = mutantNamed(name);
  const waiting = new Set(edits.map(({ file }) => pathToFileURL(join(ROOT, file)).href));
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      if (!waiting.has(url)) return loaded;
      const text = textOf(loaded.source);
      const source = applyEdits(
        text,
        edits.filter(({ file }) => pathToFileURL(join(ROOT, file)).href === url),
      );
      waiting.delete(url);
      return { ...loaded, source };
    },
  });
  process.on('exit', () => {
    if (waiting.size === 0) return;
    process.stderr.write(`mutant ${name} was not planted, never loaded: ${[...waiting].join(', ')}\n`);
    process.exitCode = NOT_PLANTED;
  });
};

const textOf = (source: unknown): string => {
  if (typeof source === 'string') return source;
  if (source instanceof Uint8Array) return new TextDecoder().decode(source);
  throw new TypeError('a module without source cannot be changed');
};

const named = process.env['SLUICE_MUTANT'];
if (named !== undefined && named !== '') plant(named);
