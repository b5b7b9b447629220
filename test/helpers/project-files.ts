import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

const SKIPPED = new Set(['node_modules', '.git', '.sluice', 'coverage']);

const walk = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (SKIPPED.has(entry.name)) return [];
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(path) : [path];
    });

export interface ProjectFile {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

const TEXT = /\.(ts|mjs|md|json|yaml|yml|svg)$|^\.ci\/run$/;

/** Every text file of the project, lockfile and folders of tools left out. */
export const projectFiles = (): readonly ProjectFile[] =>
  walk(ROOT)
    .map((path) => ({ path: relative(ROOT, path).split(sep).join('/'), absolute: path }))
    .filter(({ path }) => TEXT.test(path) && path !== 'package-lock.json')
    .map(({ path, absolute }) => ({ path, text: readFileSync(absolute, 'utf8') }));
