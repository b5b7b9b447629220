/**
 * One write that cannot undo a later decision (protocol P4):
 *
 *   1  GET the object ──────────────┐ in this order: a document read before the object could be older than a decision
 *   2  re-read the rollout document ┘ that is already on the object
 *      fence ≠ the effect's → stale, nothing is written
 *   3  JSON Patch with tests ── 2xx → written
 *        422 without causes, 409 → somebody wrote first: back to 1
 *        no answer → perhaps written: back to 1, where our fence on the object tells
 *        422 with causes → can never work
 */
import type { JsonPatch, KubeObject } from '../../../workflows/kubernetes.ts';
import type { KubeCall, Ports } from '../../../workflows/ports.ts';
import { isWanted, stoodStill } from './fence-check.ts';
import type { Job } from './hand.ts';
import { classify, type Lens, type Reply } from './route-io.ts';

export type Decision<S> =
  | { readonly kind: 'patch'; readonly patch: JsonPatch }
  /** The object is as it should be, by this very decision. */
  | { readonly kind: 'alreadySo' }
  | { readonly kind: 'stop'; readonly value: S };

export type Written<S> =
  | { readonly kind: 'written'; readonly object: KubeObject; readonly atMs: number }
  | { readonly kind: 'stopped'; readonly value: S }
  | { readonly kind: 'stale' }
  | { readonly kind: 'gone'; readonly atMs: number }
  | { readonly kind: 'invalid'; readonly why: string }
  | {
      readonly kind: 'again';
      readonly inMs: number;
      readonly why: string;
      /** The API server forbids it: only a person can help. */
      readonly forbidden?: true;
    };

/** Tries in one invocation; a loser of so many races comes back a little later. */
const TRIES_MAX = 5;

const LOST_MAX = 2;

export const RETRY_MS = 1000;

/** An answer to a GET that others needed as well; `sinceMs`: by the process's own clock, before it was asked. */
export interface EarlierRead {
  readonly reply: Reply;
  readonly sinceMs: number;
}

export type WriteTarget = KubeCall & {
  readonly name: string;
  /** How the object is seen; as it is where there is none. */
  readonly lens?: Lens;
  /** Stands in for the first try's own reading: a round trip less on the way back. */
  readonly read?: EarlierRead;
};

/** @param decide what to write, from the object as it was just read and the store's time. Called once per try. */
export const guardedWrite = async <S>(
  ports: Ports,
  job: Job,
  { lens, read: earlier, ...target }: WriteTarget,
  decide: (object: KubeObject, nowMs: number) => Decision<S>,
): Promise<Written<S>> => {
  let lost = 0;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const { reply: read, sinceMs } =
      tries === 0 && earlier !== undefined ? earlier : await readNow(ports, target);
    const { document, readAtMs } = await ports.store.load({ rolloutId: job.rolloutId });
    if (!isWanted(document, job)) return { kind: 'stale' };
    // Whoever stood still meanwhile would write on what was true then: the way back was proved long ago (I14).
    if (await stoodStill(ports, sinceMs)) continue;
    const nowMs = Math.max(readAtMs, document.lastNowMs);
    if (read.kind === 'gone') return { kind: 'gone', atMs: nowMs };
    if (read.kind !== 'ok') return again(`${target.name} cannot be read`, read);
    const seen = (object: KubeObject): KubeObject => lens?.see(object) ?? object;
    const decision = decide(seen(read.object), nowMs);
    if (decision.kind === 'stop') return { kind: 'stopped', value: decision.value };
    if (decision.kind === 'alreadySo') return { kind: 'written', object: seen(read.object), atMs: nowMs };
    const patch = lens?.write(read.object, decision.patch) ?? decision.patch;
    const answer = classify(await ports.kubernetes.jsonPatch({ ...target, patch }));
    if (answer.kind === 'ok') return { kind: 'written', object: seen(answer.object), atMs: nowMs };
    if (answer.kind === 'invalid') return answer;
    if (answer.kind === 'forbidden' || answer.kind === 'busy')
      return again(`${target.name} cannot be written`, answer);
    if (answer.kind === 'lost') lost += 1;
    if (lost >= LOST_MAX) return again(`${target.name}: answers are lost`, answer);
  }
  return { kind: 'again', inMs: RETRY_MS, why: `${target.name}: others keep writing it` };
};

/** Reads for `WriteTarget.read`. */
export const readNow = async (
  ports: Ports,
  target: KubeCall & { readonly name: string },
): Promise<EarlierRead> => {
  const sinceMs = await ports.time.now({});
  return { sinceMs, reply: classify(await ports.kubernetes.get(target)) };
};

const again = (what: string, reply: { readonly kind: string; readonly why?: string }): Written<never> => ({
  kind: 'again',
  inMs: RETRY_MS,
  why: `${what}: ${reply.why ?? reply.kind}`,
  ...(reply.kind === 'forbidden' ? { forbidden: true } : {}),
});
