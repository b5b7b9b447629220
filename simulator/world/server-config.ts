import { type Fields, fields, items, number, text, texts } from './fields.ts';

/** What a model server's command line says. Source: vLLM's `serve` arguments. */
export interface ServerConfig {
  readonly port: number;
  /** Names it answers to; the first one labels its metrics. */
  readonly names: readonly string[];
  readonly root: string;
  readonly maxModelLen: number;
  /** Adapters of `--lora-modules`: name and path. */
  readonly adapters: readonly (readonly [name: string, path: string])[];
  /** The adapter syncer beside it, and where it reads. */
  readonly syncer: SyncerMount | null;
  readonly lora: LoraLimits;
  /** How long requests may go on after SIGTERM. */
  readonly shutdownMs: number;
}

interface SyncerMount {
  readonly configMap: string;
  /** Key of its data. */
  readonly key: string;
  /** false: mounted by `subPath`, and so never brought up to date. */
  readonly follows: boolean;
}

interface LoraLimits {
  readonly enabled: boolean;
  /** `--max-loras`: adapters that run at once. */
  readonly slots: number;
  /** `--max-lora-rank`. */
  readonly rankMax: number;
}

/** Values of an option, as `--name value…` or `--name=value`. */
function option(args: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (arg.startsWith(`${name}=`)) values.push(arg.slice(name.length + 1));
    if (arg !== name) continue;
    for (let next = index + 1; next < args.length && !(args[next] ?? '').startsWith('-'); next++) {
      values.push(args[next] ?? '');
    }
  }
  return values;
}

/** Source: vLLM's defaults. */
function loraLimits(args: readonly string[]): LoraLimits {
  const slots = number(option(args, '--max-loras')[0]) ?? 1;
  return {
    enabled: args.includes('--enable-lora') || option(args, '--lora-modules').length > 0,
    slots,
    rankMax: number(option(args, '--max-lora-rank')[0]) ?? 16,
  };
}

const SYNCER_FILE = 'DYNAMIC_LORA_ROLLOUT_CONFIG';

function syncerOf(podSpec: Fields): SyncerMount | null {
  const containers = [...items(podSpec['initContainers']), ...items(podSpec['containers'])];
  const syncer = containers.find((container) =>
    items(container['env']).some((entry) => entry['name'] === SYNCER_FILE),
  );
  if (syncer === undefined) return null;
  const file = text(items(syncer['env']).find((entry) => entry['name'] === SYNCER_FILE)?.['value']);
  for (const volume of items(podSpec['volumes'])) {
    const configMap = text(fields(volume['configMap'])['name']);
    const mount = items(syncer['volumeMounts']).find(({ name }) => name === volume['name']);
    if (configMap === undefined || mount === undefined) continue;
    const key = file?.split('/').at(-1) ?? 'configmap.yaml';
    return { configMap, key, follows: mount['subPath'] === undefined };
  }
  return null;
}

const isServer = (container: Fields, commandLine: readonly string[]): boolean =>
  commandLine.some((arg) => /(^|[./-])vllm/.test(arg)) ||
  option(commandLine, '--model').length > 0 ||
  /vllm|model-server/.test(text(container['image']) ?? '');

/** Configuration of the model server in a pod, or null where none is. */
export function serverConfig(podSpec: Fields, maxModelLenDefault: number): ServerConfig | null {
  for (const container of items(podSpec['containers'])) {
    const args = [...texts(container['command']), ...texts(container['args'])];
    if (!isServer(container, args)) continue;
    const serve = args.indexOf('serve');
    const positional = serve >= 0 ? args[serve + 1] : undefined;
    const root = option(args, '--model')[0] ?? positional ?? 'model';
    const served = option(args, '--served-model-name');
    const port = number(option(args, '--port')[0]) ?? number(items(container['ports'])[0]?.['containerPort']);
    return {
      port: port ?? 8000,
      names: served.length > 0 ? served : [root],
      root,
      maxModelLen: number(option(args, '--max-model-len')[0]) ?? maxModelLenDefault,
      adapters: option(args, '--lora-modules').map((module) => {
        const cut = module.indexOf('=');
        return [module.slice(0, cut), module.slice(cut + 1)];
      }),
      syncer: syncerOf(podSpec),
      lora: loraLimits(args),
      shutdownMs: (number(option(args, '--shutdown-timeout')[0]) ?? 0) * 1000,
    };
  }
  return null;
}

/** Name of the InferencePool that an endpoint picker's arguments name; null for a pod that is no picker. */
export function pickerPool(podSpec: Fields): string | null {
  for (const container of items(podSpec['containers'])) {
    const name = option([...texts(container['command']), ...texts(container['args'])], '--pool-name')[0];
    if (name !== undefined) return name;
  }
  return null;
}

/** Port of a picker's metrics, and whether it asks for a token. */
export function pickerMetrics(podSpec: Fields): { readonly port: number; readonly auth: boolean } {
  for (const container of items(podSpec['containers'])) {
    const args = [...texts(container['command']), ...texts(container['args'])];
    const auth = option(args, '--metrics-endpoint-auth')[0] !== 'false';
    const port = number(option(args, '--metrics-port')[0]);
    const named = items(container['ports']).find((entry) => entry['name'] === 'metrics');
    if (args.length > 0) return { port: port ?? number(named?.['containerPort']) ?? 9090, auth };
  }
  return { port: 9090, auth: true };
}
