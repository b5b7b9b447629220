import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BINARY_NAMES, type BinaryName, buildBinaries, cacheFolder, goVersion } from './build-binaries.ts';

export type Binaries = Readonly<Record<BinaryName, string>>;

export type FoundBinaries =
  | { readonly kind: 'found'; readonly paths: Binaries }
  /** Neither binaries nor Go to build them: the one reason to skip. */
  | { readonly kind: 'absent'; readonly sentence: string };

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const onPath = (name: string): string | null =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram) ?? null;

/** `KUBEBUILDER_ASSETS` first; kubectl is whatever the user has, any version will do. */
const present = (name: BinaryName): string | null => {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && isProgram(join(assets, name))) return join(assets, name);
  return name === 'kubectl' ? onPath(name) : null;
};

/**
 * The programs of a control plane: from `KUBEBUILDER_ASSETS`, else built from Go modules into a cache. Throws when a build
 * fails: where there is Go, not having them is a failure.
 */
export const findBinaries = async (progress: (line: string) => void): Promise<FoundBinaries> => {
  const paths = new Map<BinaryName, string>();
  for (const name of BINARY_NAMES) {
    const path = present(name);
    if (path !== null) paths.set(name, path);
  }
  const missing = BINARY_NAMES.filter((name) => !paths.has(name));
  if (missing.length > 0) {
    const version = await goVersion();
    if (version === null) {
      const sentence = `No ${missing.join(', ')}: KUBEBUILDER_ASSETS names no folder with them and there is no Go to build them.`;
      return { kind: 'absent', sentence };
    }
    const folder = cacheFolder(version);
    await buildBinaries(folder, missing, progress);
    for (const name of missing) paths.set(name, join(folder, name));
  }
  return { kind: 'found', paths: Object.fromEntries(paths) as Record<BinaryName, string> };
};
