/**
 * The dynamic LoRA sidecar of a pool's pods: which key of which ConfigMap it reads. Source: the sidecar of
 * gateway-api-inference-extension, whose DYNAMIC_LORA_ROLLOUT_CONFIG names the file.
 */
import { at, itemsOf, textAt } from './fields.ts';
import { environmentOf, flagOf, type PodSource, podSourcesOf, wordsOf } from './server-arguments.ts';
import type { Side } from './survey.ts';

const CONFIG_VARIABLE = 'DYNAMIC_LORA_ROLLOUT_CONFIG';
const CONFIG_DEFAULT = '/config/configmap.yaml';

export type FoundSyncer =
  | { readonly kind: 'found'; readonly source: string; readonly configMap: string; readonly key: string }
  | { readonly kind: 'missing'; readonly source: string }
  | { readonly kind: 'subPath'; readonly source: string; readonly mount: string }
  /** Its file is in no volume, or in one that is no ConfigMap. */
  | { readonly kind: 'noConfigMap'; readonly source: string; readonly file: string };

export const syncersOf = (side: Side): readonly FoundSyncer[] => podSourcesOf(side).map(syncerOf);

const syncerOf = (pods: PodSource): FoundSyncer => {
  const { name: source, podSpec } = pods;
  const container = [...itemsOf(at(podSpec, 'initContainers')), ...itemsOf(at(podSpec, 'containers'))].find(
    isSyncer,
  );
  if (container === undefined) return { kind: 'missing', source };
  const said = environmentOf(container, CONFIG_VARIABLE);
  const file =
    flagOf(wordsOf(container), '--config') ??
    (said !== null && said !== 'hidden' ? said.value : CONFIG_DEFAULT);
  const mount = mountOf(container, file);
  if (mount === null) return { kind: 'noConfigMap', source, file };
  if (textAt(mount, 'subPath') !== null || textAt(mount, 'subPathExpr') !== null)
    return { kind: 'subPath', source, mount: textAt(mount, 'mountPath') ?? file };
  const path = file.slice((textAt(mount, 'mountPath') ?? '').replace(/\/+$/u, '').length + 1);
  const found = configMapOf(podSpec, textAt(mount, 'name'), path);
  return found === null ? { kind: 'noConfigMap', source, file } : { kind: 'found', source, ...found };
};

const isSyncer = (container: unknown): boolean =>
  itemsOf(at(container, 'env')).some((entry) => textAt(entry, 'name') === CONFIG_VARIABLE) ||
  /\/lora-syncer(:|@|$)/u.test(textAt(container, 'image') ?? '');

/** The mount that holds the file: the nearest folder above it, or the file itself. */
const mountOf = (container: unknown, file: string): unknown => {
  let best: { readonly mount: unknown; readonly length: number } | null = null;
  for (const mount of itemsOf(at(container, 'volumeMounts'))) {
    const path = (textAt(mount, 'mountPath') ?? '').replace(/\/+$/u, '');
    const holds = path !== '' && (file === path || file.startsWith(`${path}/`));
    if (holds && path.length > (best?.length ?? 0)) best = { mount, length: path.length };
  }
  return best?.mount ?? null;
};

/** `items` may give a key another file name. */
const configMapOf = (
  podSpec: unknown,
  volumeName: string | null,
  path: string,
): { readonly configMap: string; readonly key: string } | null => {
  const volume = itemsOf(at(podSpec, 'volumes')).find((one) => textAt(one, 'name') === volumeName);
  const sources = [
    at(volume, 'configMap'),
    ...itemsOf(at(volume, 'projected', 'sources')).map((one) => at(one, 'configMap')),
  ];
  for (const source of sources) {
    const configMap = textAt(source, 'name');
    if (configMap === null) continue;
    const items = itemsOf(at(source, 'items'));
    if (items.length === 0) return { configMap, key: path };
    const item = items.find((one) => textAt(one, 'path') === path);
    const key = textAt(item, 'key');
    if (key !== null) return { configMap, key };
  }
  return null;
};
