/** The fast form of `adapter.notFound`: which pods answer 404 for a name that they have served, look by look. */
import type { AdapterEvidence } from '../adapter-evidence.ts';
import type { Look } from '../observation.ts';

/** What a wake has seen of the new version on its own looks. */
export interface NamesSeen {
  /** Restarts of each pod when it served the name, by uid: a process that came after it has loaded nothing yet. */
  readonly servedAt: Readonly<Record<string, number>>;
  /** Looks running at which each pod answered 404, of those that had served it. */
  readonly missed: Readonly<Record<string, number>>;
  /** Pods that lack it now. */
  readonly missing: number;
  /** Of the one that has lacked it longest. */
  readonly looksRunning: number;
}

export const NO_NAMES: NamesSeen = { servedAt: {}, missed: {}, missing: 0, looksRunning: 0 };

/** @param adapter what the minutes know: a wake that has just begun has seen nobody serve it. */
export const namesAfter = (
  before: NamesSeen,
  look: Look,
  adapter: AdapterEvidence | undefined,
): NamesSeen => {
  if (adapter === undefined || look.probes === undefined) return NO_NAMES;
  const servedAt: Record<string, number> = {};
  const missed: Record<string, number> = {};
  const statuses = new Map(look.probes.map(({ uid, target, status }) => [`${target} ${uid}`, status]));
  for (const { uid, restarts } of look.pods) {
    const status = statuses.get(`new ${uid}`);
    const known = adapter.pods[uid];
    const servedBefore = before.servedAt[uid] ?? (known?.served === true ? known.restarts : undefined);
    const served = status === 200 ? restarts : servedBefore;
    if (served === undefined || served < restarts) continue;
    servedAt[uid] = served;
    if (status === 404) missed[uid] = (before.missed[uid] ?? 0) + 1;
    // A look without an answer says nothing of the name.
    else if (status !== 200 && before.missed[uid] !== undefined) missed[uid] = before.missed[uid];
  }
  const counts = Object.values(missed);
  return { servedAt, missed, missing: counts.length, looksRunning: Math.max(0, ...counts) };
};
