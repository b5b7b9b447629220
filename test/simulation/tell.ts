/** The history of a rollout in lines that a person can read: what the world saw, without the routine. */
import type { Found } from './examine.ts';
import type { Seen, SeenObject, Sighting } from './seen.ts';

const clock = (ms: number): string => new Date(ms).toISOString().slice(8, 19).replace('T', ' ');

const refsOf = (route: SeenObject | null): string => {
  const spec = (route?.['spec'] ?? {}) as {
    readonly rules?: readonly { readonly backendRefs?: readonly { name: string; weight?: number }[] }[];
  };
  return (spec.rules ?? [])
    .map(({ backendRefs = [] }) => backendRefs.map(({ name, weight = 1 }) => `${name}:${weight}`).join(' '))
    .join(' | ');
};

/** Targets of a carrier with its fences, or what a syncer's ConfigMap asks for. */
const contentOf = (object: SeenObject | null): string => {
  if (object === null) return 'none';
  const text = JSON.stringify(object['data'] ?? object['spec'] ?? null);
  const ids = [...text.matchAll(/ensureNotExist|\bid: ([\w-]+)/gu)].map(
    ([all, id]) => id ?? (all === 'ensureNotExist' ? '|' : all),
  );
  if (object.kind === 'ConfigMap') return ids.join(' ');
  const targets = [...text.matchAll(/"(?:modelRewrite|name)":"([\w-]+)"(?:,"weight":(\d+))?/gu)];
  const fences = Object.entries(object.metadata.annotations ?? {})
    .filter(([key]) => key.startsWith('sluice.dev/fence'))
    .map(([, value]) => value);
  return `${targets.map(([, name, weight]) => `${name}${weight === undefined ? '' : `:${weight}`}`).join(' ')} (${fences.join(', ')})`;
};

const line = (sighting: Sighting): string | null => {
  switch (sighting.kind) {
    case 'write': {
      if (sighting.by === 'controller') return null;
      const late = sighting.atMs - sighting.issuedAtMs;
      const who = sighting.process ?? sighting.by;
      const what = `${sighting.verb} ${sighting.resource} ${sighting.namespace ?? ''}/${sighting.name}`;
      const refs = /^inferencemodel|^configmaps/u.test(sighting.resource)
        ? ` ${contentOf(sighting.before)} → ${contentOf(sighting.after)}`
        : sighting.resource.startsWith('httproutes')
          ? ` ${refsOf(sighting.before)} → ${refsOf(sighting.after)}, fence ${sighting.after?.metadata.annotations?.['sluice.dev/fence'] ?? 'none'}`
          : '';
      return `${who} ${what}${refs}${late > 1000 ? `, sent ${late} ms before` : ''}`;
    }
    case 'side':
      return `${sighting.namespace}/${sighting.pool}: ${sighting.ready}${sighting.of === undefined ? '' : ` of ${sighting.of}`} ready, picker ${sighting.pickerReady ? 'ready' : 'not ready'}`;
    case 'sent':
      return `sent by ${sighting.via}: ${sighting.action} ${sighting.id} ${JSON.stringify(sighting.body)}`;
    case 'answer':
      return `answered ${sighting.id}: ${sighting.status} ${sighting.code}`;
    case 'act':
      return `act ${JSON.stringify(sighting.detail)}`;
    case 'fault':
      return sighting.what.includes('.')
        ? null
        : `${sighting.whom} ${sighting.what}${sighting.forMs === null ? '' : ` for ${sighting.forMs} ms`}`;
    case 'gke':
      return `${sighting.process} ${sighting.what} ${sighting.nodePool}`;
    case 'alarm':
      return `alarm outside: no heartbeat of ${sighting.rolloutId} since ${clock(sighting.lastHeartbeatMs)}`;
    case 'rejected':
      return `rejected ${sighting.id}: ${sighting.reason}`;
    case 'givenUp':
      return `given up on ${sighting.topic}: ${sighting.text.slice(0, 120)}`;
    case 'published':
    case 'dryRun':
    case 'traffic':
    case 'scrape':
    case 'probe':
    case 'heartbeat':
      return null;
    default:
      return sighting satisfies never;
  }
};

const entriesOf = (seen: Seen): readonly (readonly [number, string])[] => {
  const told = new Set<string>();
  return seen.sightings.flatMap((sighting): readonly (readonly [number, string])[] => {
    if (sighting.kind !== 'published' || told.has(sighting.id)) return [];
    told.add(sighting.id);
    const { entry } = sighting;
    if (entry.message.kind === 'observed') return [];
    const refused = entry.refusal === null ? '' : ` REFUSED: ${entry.refusal}`;
    return [[entry.atMs, `journal ${sighting.id} [${entry.to}] ${entry.sentence}${refused}`]];
  });
};

/** Lines in order of time, each `day time what`. */
export const tellHistory = (seen: Seen, linesMax = 160): readonly string[] => {
  const lines = seen.sightings
    .flatMap((sighting): readonly (readonly [number, string])[] => {
      const text = line(sighting);
      return text === null ? [] : [[sighting.atMs, text]];
    })
    .concat(entriesOf(seen))
    .toSorted(([one], [other]) => one - other)
    .map(([atMs, text]) => `${clock(atMs)} ${text.slice(0, 260)}`);
  return lines.length <= linesMax
    ? lines
    : [`… ${lines.length - linesMax} lines before`, ...lines.slice(-linesMax)];
};

export const tellFound = ({ rule, atMs, rolloutId, sentence }: Found): string =>
  `${rule} ${clock(atMs)} ${rolloutId ?? ''}: ${sentence}`;
