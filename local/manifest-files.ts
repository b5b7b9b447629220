/** Kubernetes objects out of YAML files, each problem with its place. */
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LineCounter, type ParsedNode, parseAllDocuments } from 'yaml';
import type { KubeObject } from '../workflows/kubernetes.ts';
import { soundManifest } from '../workflows/plans/sound-manifest.ts';
import type { InputProblem, Read } from './input-problem.ts';

/** A file of a serving stack is a few KiB; more than this is something else. */
const BYTES_MAX = 4 * 1024 * 1024;

/** Anchors that unfold to more than this are an attack or an accident. */
const ALIASES_MAX = 100;

/** Our own files may lie beside a stack: they are no part of it. */
const OWN_GROUP = 'sluice.dev/';

/** An object and where it was read. */
export interface Manifest {
  readonly object: KubeObject;
  readonly file: string;
  readonly line: number;
}

/** The text of a file, or why it cannot be read. `what` names the file's part in the sentence. */
export const readText = (path: string, what: string): Read<string> => {
  const problem = (code: string, sentence: string, mend: string): Read<string> => ({
    kind: 'problems',
    problems: [{ file: path, line: null, column: null, code, what: sentence, mend }],
  });
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return problem('file-missing', `There is no ${what} here.`, 'Check the path.');
    if (stat.isDirectory())
      return problem('file-is-folder', `This is a folder, not a ${what}.`, 'Name a file in it.');
    if (stat.size > BYTES_MAX) return problem('file-too-large', `It has ${stat.size} bytes.`, 'Split it.');
    return { kind: 'ok', value: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return problem('file-unreadable', `It cannot be read (${code ?? 'unknown'}).`, 'Check its permissions.');
  }
};

/** The objects of a file; lists are opened, empty documents and rollout files are skipped. */
export const readManifests = (path: string, file: string): Read<readonly Manifest[]> => {
  const text = readText(path, 'file of manifests');
  if (text.kind === 'problems')
    return { kind: 'problems', problems: text.problems.map((problem) => ({ ...problem, file })) };
  const lines = new LineCounter();
  const objects: Manifest[] = [];
  const problems: InputProblem[] = [];
  const documents = parseAllDocuments(text.value, { lineCounter: lines, prettyErrors: false });
  for (const document of Array.isArray(documents) ? documents : []) {
    const found = (offset: number, code: string, what: string, mend: string): void => {
      const { line, col } = lines.linePos(offset);
      problems.push({ file, line, column: col, code, what, mend });
    };
    const [error] = document.errors;
    if (error !== undefined) {
      found(
        error.pos[0],
        'yaml-syntax',
        `${error.message.split('\n')[0] ?? ''}.`.replace('..', '.'),
        'Correct it.',
      );
      continue;
    }
    for (const [node, value] of opened(document.contents, toValue(document))) {
      const read = soundManifest(value);
      const offset = node?.range?.[0] ?? 0;
      if (read.kind === 'fault')
        found(offset, 'not-an-object', read.what, 'Every object needs apiVersion, kind and metadata.name.');
      else if (!isOurs(read.object))
        objects.push({ object: read.object, file, line: lines.linePos(offset).line });
    }
  }
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'ok', value: objects };
};

type Node = ParsedNode | null;

const toValue = (document: { toJS(options: { maxAliasCount: number }): unknown }): unknown => {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch {
    return 'too many aliases';
  }
};

/** A list of objects is opened; nothing at all is no object. */
const opened = (node: Node, value: unknown): readonly (readonly [Node, unknown])[] => {
  if (value === null || value === undefined) return [];
  const { kind, items } = value as { readonly kind?: unknown; readonly items?: unknown };
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [[node, value]];
  return items.flatMap((item: unknown) => opened(node, item));
};

const isOurs = (object: KubeObject): boolean => object.apiVersion.startsWith(OWN_GROUP);

const isYaml = (name: string): boolean => /\.ya?ml$/.test(name);

/** All objects of a folder's YAML files, without the folders in it. */
export const readStack = (folder: string): Read<readonly Manifest[]> => {
  const problem = (code: string, what: string, mend: string): Read<readonly Manifest[]> => ({
    kind: 'problems',
    problems: [{ file: folder, line: null, column: null, code, what, mend }],
  });
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return problem('folder-missing', 'There is no such folder.', 'Check --stack.');
  if (!stat.isDirectory())
    return problem('not-a-folder', 'This is a file.', 'Give --stack the folder that holds the manifests.');
  const names = readdirSync(folder).filter(isYaml).toSorted();
  if (names.length === 0)
    return problem(
      'folder-empty',
      'It holds no YAML file.',
      'Give --stack the folder that holds the manifests.',
    );
  return joined(names.map((name) => readManifests(join(folder, name), join(folder, name))));
};

/** The objects of the paths and patterns that a rollout file names, relative to its folder. */
export const readNamedManifests = (
  folder: string,
  paths: readonly string[],
  rolloutFile: string,
): Read<readonly Manifest[]> =>
  joined(
    paths.map((path): Read<readonly Manifest[]> => {
      const isPattern = /[*?[{]/.test(path);
      const names = isPattern ? globSync(path, { cwd: folder }).filter(isYaml).toSorted() : [path];
      if (names.length > 0)
        return joined(names.map((name) => readManifests(resolve(folder, name), join(folder, name))));
      const what = `spec.to.source.manifests names ${path}, and no YAML file fits it.`;
      const mend = 'Paths are relative to the rollout file.';
      return {
        kind: 'problems',
        problems: [{ file: rolloutFile, line: null, column: null, code: 'manifests-missing', what, mend }],
      };
    }),
  );

const joined = (reads: readonly Read<readonly Manifest[]>[]): Read<readonly Manifest[]> => {
  const problems = reads.flatMap((read) => (read.kind === 'problems' ? read.problems : []));
  if (problems.length > 0) return { kind: 'problems', problems };
  return { kind: 'ok', value: reads.flatMap((read) => (read.kind === 'ok' ? read.value : [])) };
};
