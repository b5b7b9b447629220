import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { withFolderLock } from './folder-lock.ts';

/** Its go.mod declares what is built, and that of `kwok` below it: KWOK is made for older Kubernetes modules. */
const BINARIES_FOLDER = resolve(import.meta.dirname, '../binaries');

export const BINARY_NAMES = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
  'kubectl',
] as const;
export type BinaryName = (typeof BINARY_NAMES)[number];

const GO = 'go';
const KUBERNETES = 'k8s.io/kubernetes/cmd';
/** Package of each, and the folder of the module that requires it. */
const PACKAGES: Readonly<Record<BinaryName, readonly [path: string, folder: string]>> = {
  etcd: ['go.etcd.io/etcd/server/v3', '.'],
  'kube-apiserver': [`${KUBERNETES}/kube-apiserver`, '.'],
  'kube-controller-manager': [`${KUBERNETES}/kube-controller-manager`, '.'],
  'kube-scheduler': [`${KUBERNETES}/kube-scheduler`, '.'],
  kwok: ['sigs.k8s.io/kwok/cmd/kwok', 'kwok'],
  kubectl: [`${KUBERNETES}/kubectl`, '.'],
};

const run = promisify(execFile);

/** The version of Go on PATH, e.g. `go1.26.0`; null where there is none. */
export const goVersion = async (): Promise<string | null> => {
  try {
    return (await run(GO, ['env', 'GOVERSION'], { cwd: BINARIES_FOLDER })).stdout.trim();
  } catch {
    return null;
  }
};

const declared = (file: string): string => readFileSync(join(BINARIES_FOLDER, file), 'utf8');

/** The folder that holds what was built from just these modules by just this Go; outside the repository. */
export const cacheFolder = (version: string): string => {
  const root = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const hash = createHash('sha256').update(version);
  for (const file of ['go.mod', 'go.sum', 'kwok/go.mod', 'kwok/go.sum']) hash.update(declared(file));
  return join(root, 'sluice', 'cluster', hash.digest('hex').slice(0, 16));
};

/** Without a stamp the API server says it is v0.0.0, and decides by it what it serves. */
const versionStamp = (): string => {
  const [, version = 'v0.0.0', major = '0', minor = '0'] =
    /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(declared('go.mod')) ?? [];
  const set = (name: string, value: string): string => `-X k8s.io/component-base/version.${name}=${value}`;
  return [set('gitVersion', version), set('gitMajor', major), set('gitMinor', minor)].join(' ');
};

const goBuild = (name: BinaryName, target: string): Promise<void> =>
  new Promise((done, failed) => {
    const flags = ['-mod=readonly', '-trimpath', '-ldflags', `-s -w ${versionStamp()}`, '-o', target];
    const [path, folder] = PACKAGES[name];
    const child = spawn(GO, ['build', ...flags, path], {
      cwd: join(BINARIES_FOLDER, folder),
      // Without cgo there need be no C compiler.
      env: { ...process.env, CGO_ENABLED: '0', GOMAXPROCS: String(Math.min(4, availableParallelism())) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    child.once('error', failed);
    child.once('close', (code) => {
      if (code === 0) done();
      else failed(new Error(`go build ${path} ended with code ${String(code)}:\n${said}`));
    });
  });

const isMissing = (folder: string) => (name: BinaryName) => !existsSync(join(folder, name));

/**
 * Builds what is not in the folder yet, one at a time; who comes second waits for the first. A binary gets its name only
 * when it is whole, so a build that was interrupted is never used. `progress` gets a line before and after each.
 * Throws what Go said when a build fails.
 */
export const buildBinaries = async (
  folder: string,
  names: readonly BinaryName[],
  progress: (line: string) => void,
): Promise<void> => {
  if (!names.some(isMissing(folder))) return;
  mkdirSync(folder, { recursive: true });
  await withFolderLock(join(folder, 'building'), progress, async () => {
    for (const name of names.filter(isMissing(folder))) {
      progress(`building ${name} (once, into ${folder})`);
      const startedMs = Date.now();
      const half = join(folder, `${name}.half`);
      rmSync(half, { force: true });
      await goBuild(name, half);
      renameSync(half, join(folder, name));
      progress(`built ${name} in ${String(Math.round((Date.now() - startedMs) / 1000))} s`);
    }
  });
};
