import type { AdapterSource } from './parameters.ts';
import type { Server } from './server.ts';

/** What becomes of a request to load an adapter. */
export type LoadOutcome =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'already' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'rank'; readonly rank: number };

/** Larger than any server takes. */
const RANK_TOO_HIGH = 512;

interface Wanted {
  readonly name: string;
  readonly path: string;
  /** Replaces one of the same name. */
  readonly inPlace: boolean;
}

/** Loads an adapter into a server's process, if it can be. */
export function loadAdapter(
  server: Server,
  { name, path, inPlace }: Wanted,
  sources: Readonly<Record<string, AdapterSource>>,
): LoadOutcome {
  if (server.adapters.has(name) && !inPlace) return { kind: 'already' };
  const source = sources[path] ?? {};
  const fault = server.loadFaults.get(name);
  if (fault === 'absent' || source.isAbsent === true) return { kind: 'absent' };
  const rank = fault === 'rank' ? RANK_TOO_HIGH : (source.rank ?? 0);
  if (rank > server.config.lora.rankMax) return { kind: 'rank', rank };
  server.adapters.set(name, path);
  return { kind: 'loaded' };
}

/** What answers to a name: an adapter's weights, or the base model's where the adapter changes nothing. */
export function weightsOf(
  server: Server,
  model: string,
  sources: Readonly<Record<string, AdapterSource>>,
): string {
  const path = server.silentAdapters.has(model) ? undefined : server.adapters.get(model);
  return path === undefined || sources[path]?.hasNoEffect === true ? server.config.root : path;
}

/** How many times as long as others the answers of a name take. */
export function adapterSlowness(
  server: Server,
  model: string,
  sources: Readonly<Record<string, AdapterSource>>,
): number {
  const path = server.adapters.get(model);
  return path === undefined ? 1 : (sources[path]?.slowness ?? 1);
}

/** An adapter counts as running this long after the last request for it, milliseconds. */
const IN_USE_MS = 6_000;

/** How much longer everything takes because more adapters are in use than there are slots: they take turns. */
export function crowdingOf(server: Server, nowMs: number): number {
  const { slots } = server.config.lora;
  if (server.adapterUse.size <= slots) return 1;
  const { running, waiting } = slotsOf(server, nowMs);
  return Math.max(1, (running.length + waiting.length) / slots);
}

/** The adapters in use now: as many as there are slots run, the others wait for one. */
export function slotsOf(
  server: Server,
  nowMs: number,
): { readonly running: readonly string[]; readonly waiting: readonly string[] } {
  const used = [...server.adapterUse]
    .filter(([name, atMs]) => server.adapters.has(name) && nowMs - atMs <= IN_USE_MS)
    .map(([name]) => name)
    .toSorted();
  const { slots } = server.config.lora;
  return { running: used.slice(0, slots), waiting: used.slice(slots) };
}
