import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { type Component, startComponent } from './component.ts';
import { apiServerArgs, controllerManagerArgs, etcdArgs, kwokArgs, schedulerArgs } from './component-args.ts';
import { type Credentials, kubeconfigText, MASTERS, makeCredentials, type Users } from './credentials.ts';
import { installCustomResources } from './custom-resources.ts';
import type { Binaries } from './find-binaries.ts';
import { freePorts } from './free-ports.ts';
import { type KubectlResult, runKubectl } from './kubectl.ts';
import { kwokStages, type PodAddresses } from './stages.ts';
import { until } from './until.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

/** A Kubernetes of this test's own, on loopback. */
export interface ControlPlane {
  /** `127.0.0.1:PORT`, as `getCluster` answers it. */
  readonly endpoint: string;
  readonly caPem: string;
  /** Bearer token of each user. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Path of the kubeconfig of `admin`. */
  readonly kubeconfig: string;
  /** Data, logs and credentials; goes with `close`. */
  readonly folder: string;
  readonly components: readonly Component[];
  readonly watchdog: Watchdog;
  /** As `admin`. */
  readonly api: ApiClient;
  /** From the start of the first process until it served, milliseconds. */
  readonly startedInMs: number;
  /** Path of a kubeconfig of any user. */
  kubeconfigOf(user: string): string;
  /** Runs kubectl as `admin`, or with what `--kubeconfig` among `args` says. */
  kubectl(args: readonly string[], stdin?: string): Promise<KubectlResult>;
  /** `kubectl apply` of files or folders, or of objects. Throws what kubectl said when it refuses anything. */
  apply(what: readonly (string | KubeObject)[]): Promise<string>;
  /** Kills everything and removes the folder; a second call does no harm. */
  close(): Promise<void>;
}

export interface ControlPlaneOptions {
  readonly binaries: Binaries;
  /** Beside `admin` (of system:masters) and `sluice` (of no group): rights come by RBAC. */
  readonly users?: Users;
  /** Default `madeUp`. */
  readonly podAddresses?: PodAddresses;
  /** Installs Gateway API, inference extension and GKE's policies; default true. */
  readonly customResources?: boolean;
}

const READY_WITHIN_MS = 60_000;

interface Setting {
  readonly options: ControlPlaneOptions;
  readonly folder: string;
  readonly watchdog: Watchdog;
  readonly components: Component[];
}

const start = async (
  { options, folder, watchdog, components }: Setting,
  name: Exclude<keyof Binaries, 'kubectl'>,
  args: readonly string[],
): Promise<Component> => {
  const program = options.binaries[name];
  const component = await startComponent({ name, program, args, folder, watchdog });
  components.push(component);
  return component;
};

/** Waits for `look`; if a component dies meanwhile or time is up, throws with the end of each log. */
const reached = async (setting: Setting, what: string, look: () => Promise<boolean>): Promise<void> => {
  const logs = (): string =>
    setting.components
      .map((one) => `--- ${one.name} (${one.ended() ?? 'running'}):\n${one.lastLines()}`)
      .join('\n');
  let dead = false;
  try {
    await until(what, READY_WITHIN_MS, async () => {
      dead = setting.components.some((one) => one.ended() !== null);
      return dead || (await look());
    });
  } catch (error) {
    throw new Error(`${what} did not come up.\n${logs()}`, { cause: error });
  }
  if (dead) throw new Error(`A component ended while waiting for ${what}.\n${logs()}`);
};

const startAll = async (setting: Setting, endpoint: string, credentials: Credentials): Promise<ApiClient> => {
  const { options, folder } = setting;
  const [clients = 0, peers = 0] = await freePorts(2);
  const etcd = `http://127.0.0.1:${String(clients)}`;
  const api = createApiClient({
    endpoint,
    caPem: credentials.caPem,
    token: credentials.tokens['admin'] ?? '',
  });
  const ready = async (path: string): Promise<boolean> =>
    (await api.send({ path, timeoutMs: 2000 })).status === 200;

  await start(setting, 'etcd', etcdArgs(folder, etcd, `http://127.0.0.1:${String(peers)}`));
  await start(setting, 'kube-apiserver', apiServerArgs({ folder, etcd, endpoint, credentials }));
  await reached(setting, 'kube-apiserver', () => ready('/readyz'));
  const file = (user: string): string => writeKubeconfig(folder, endpoint, credentials, user);
  writeFileSync(join(folder, 'stages.yaml'), kwokStages(options.podAddresses ?? 'madeUp'));
  await Promise.all([
    start(setting, 'kube-controller-manager', controllerManagerArgs(file('controller-manager'), credentials)),
    start(setting, 'kube-scheduler', schedulerArgs(file('scheduler'))),
    start(setting, 'kwok', kwokArgs(file('kwok'), join(folder, 'stages.yaml'))),
  ]);
  // The controllers' first visible work.
  await reached(setting, 'kube-controller-manager', () =>
    ready('/api/v1/namespaces/default/serviceaccounts/default'),
  );
  return api;
};

const writeKubeconfig = (
  folder: string,
  endpoint: string,
  credentials: Credentials,
  user: string,
): string => {
  const token = credentials.tokens[user];
  if (token === undefined) throw new Error(`no user ${user}: name it in startControlPlane's users`);
  const path = join(folder, `kubeconfig-${user}`);
  writeFileSync(path, kubeconfigText(`https://${endpoint}`, credentials.caPem, token), { mode: 0o600 });
  return path;
};

const startOnce = async (options: ControlPlaneOptions): Promise<ControlPlane> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  const watchdog = startWatchdog(folder);
  const setting: Setting = { options, folder, watchdog, components: [] };
  let closing: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    await Promise.all(setting.components.map((component) => component.stop(0)));
    await watchdog.dismiss();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const startMs = performance.now();
    const credentials = await makeCredentials(folder, {
      admin: [MASTERS],
      'controller-manager': [MASTERS],
      scheduler: [MASTERS],
      kwok: [MASTERS],
      sluice: [],
      ...options.users,
    });
    const [port = 0] = await freePorts(1);
    const endpoint = `127.0.0.1:${String(port)}`;
    const api = await startAll(setting, endpoint, credentials);
    const startedInMs = performance.now() - startMs;
    const kubeconfigOf = (user: string): string => writeKubeconfig(folder, endpoint, credentials, user);
    const kubeconfig = kubeconfigOf('admin');
    const kubectl: ControlPlane['kubectl'] = (args, stdin) =>
      runKubectl({ program: options.binaries.kubectl, kubeconfig, folder }, args, stdin);
    const apply: ControlPlane['apply'] = async (what) => {
      const files = what.filter((one) => typeof one === 'string').flatMap((file) => ['-f', file]);
      const items = what.filter((one) => typeof one !== 'string');
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      const result = await kubectl(['apply', ...files, ...(items.length > 0 ? ['-f', '-'] : [])], list);
      if (result.code !== 0) throw new Error(`kubectl apply: ${result.stderr}`);
      return result.stdout;
    };
    if (options.customResources !== false) await installCustomResources(api, apply);
    return {
      endpoint,
      caPem: credentials.caPem,
      tokens: credentials.tokens,
      kubeconfig,
      folder,
      components: setting.components,
      watchdog,
      api,
      startedInMs,
      kubeconfigOf,
      kubectl,
      apply,
      close: () => {
        api.close();
        closing ??= end();
        return closing;
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
};

/**
 * Starts etcd, kube-apiserver, kube-controller-manager, kube-scheduler and KWOK. They end with `close`, and when this
 * process dies of whatever. Throws with the last lines of the logs when it does not come up.
 */
export const startControlPlane = async (options: ControlPlaneOptions): Promise<ControlPlane> => {
  try {
    return await startOnce(options);
  } catch (error) {
    // Somebody was quicker to take a port that had been free.
    if (!(error as Error).message.includes('address already in use')) throw error;
    return startOnce(options);
  }
};
