import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { sharedPath } from '../../helpers/shared.ts';
import type { ApiClient } from './api-client.ts';
import { until } from './until.ts';

/** Its go.mod names the versions. */
const MODULES_FOLDER = resolve(import.meta.dirname, '../binaries/crds');

/** What a cluster with the inference extension has installed; of each kind the newest. */
const SHARED_PATTERNS: readonly RegExp[] = [
  /^gateway-api-v1\.6\.1-/,
  /^gaie-v1\.5\.0_/,
  /^gaie-v1\.0\.1_inference\.networking\.x-k8s\.io_inferencepools/,
  /^gke-gateway-api_/,
];

const run = promisify(execFile);

const moduleFolder = async (module: string): Promise<string> => {
  const { stdout } = await run('go', ['mod', 'download', '-json', module], { cwd: MODULES_FOLDER });
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir;
};

const yamlFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name));

/**
 * Files of CustomResourceDefinitions: of Gateway API, its inference extension and GKE's policies from the shared folder;
 * where there is none, the first two from their Go modules, without GKE's.
 */
export const customResourceFiles = async (): Promise<readonly string[]> => {
  const shared = sharedPath('crds');
  if (shared !== null) {
    return yamlFiles(shared).filter((path) =>
      SHARED_PATTERNS.some((pattern) => pattern.test(path.slice(shared.length + 1))),
    );
  }
  const gateway = await moduleFolder('sigs.k8s.io/gateway-api');
  const inference = await moduleFolder('sigs.k8s.io/gateway-api-inference-extension');
  const standard = yamlFiles(join(gateway, 'config/crd/standard'));
  return [
    ...standard.filter((path) => /_(gatewayclasses|gateways|httproutes|referencegrants)\.yaml$/.test(path)),
    ...yamlFiles(join(inference, 'config/crd/bases')),
  ];
};

interface Definitions {
  readonly items: readonly {
    readonly spec: {
      readonly group: string;
      readonly names: { readonly plural: string };
      readonly versions: readonly { readonly name: string; readonly served: boolean }[];
    };
  }[];
}

const SERVED_WITHIN_MS = 30_000;

/** Definitions are accepted long before what they define is served and discovered. */
const allServed = async (api: ApiClient): Promise<boolean> => {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const defined = await api.json<Definitions>({ path });
  for (const { spec } of defined?.items ?? []) {
    for (const { name, served } of spec.versions) {
      if (!served) continue;
      const { text } = await api.send({ path: `/apis/${spec.group}/${name}` });
      if (!text.includes(`"name":"${spec.names.plural}"`)) return false;
    }
  }
  return (defined?.items.length ?? 0) > 0;
};

/** Applies all definitions and waits until everything they define is served. */
export const installCustomResources = async (
  api: ApiClient,
  apply: (files: readonly string[]) => Promise<string>,
): Promise<void> => {
  await apply(await customResourceFiles());
  await until('custom resources to be served', SERVED_WITHIN_MS, () => allServed(api));
};
