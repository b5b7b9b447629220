/**
 * Who should be answering. Readiness follows a death with a lag in both directions: a killed server is called not ready
 * within a second or two, while the load balancer still sends it requests. So a pod counts for a while after it was
 * last ready; one that is being shut down properly does not, unless nobody else is left.
 */
import type { Look, PickerObservation } from '../observation.ts';

/** A pod stays in rotation this long after it was last seen ready. */
const ROTATION_MS = 15_000;

interface LastReady {
  readonly readyAtMs: number;
  readonly terminating: boolean;
}

/** The new side's pods and pickers that were ready a short while ago, by uid. */
export interface Rotation {
  readonly pods: Readonly<Record<string, LastReady>>;
  readonly pickers: Readonly<Record<string, LastReady>>;
}

export const NO_ROTATION: Rotation = { pods: {}, pickers: {} };

const keepRecent = (
  before: Readonly<Record<string, LastReady>>,
  next: Record<string, LastReady>,
  atMs: number,
): Readonly<Record<string, LastReady>> => {
  for (const uid in before) {
    const last = before[uid];
    if (last !== undefined && next[uid] === undefined && atMs - last.readyAtMs <= ROTATION_MS)
      next[uid] = last;
  }
  return next;
};

/** The rotation after one more look. */
export const rotationAfter = (before: Rotation, look: Look): Rotation => {
  const pods: Record<string, LastReady> = {};
  for (const pod of look.pods) {
    if (pod.side !== 'new') continue;
    const last = before.pods[pod.uid];
    if (pod.ready) pods[pod.uid] = { readyAtMs: look.atMs, terminating: false };
    else if (pod.terminating && last !== undefined && look.atMs - last.readyAtMs <= ROTATION_MS)
      pods[pod.uid] = { readyAtMs: last.readyAtMs, terminating: true };
  }
  const pickers: Record<string, LastReady> = {};
  for (const picker of look.pickers)
    if (picker.side === 'new' && picker.ready)
      pickers[picker.uid] = { readyAtMs: look.atMs, terminating: false };
  return {
    pods: keepRecent(before.pods, pods, look.atMs),
    pickers: keepRecent(before.pickers, pickers, look.atMs),
  };
};

export interface Silence {
  readonly rotationPods: number;
  readonly silentPods: number;
  readonly oldPodsReady: number;
  readonly oldPodsAnswering: number;
  readonly rotationPickers: number;
  readonly servingPickers: number;
  readonly oldPickersServing: number;
}

/** Readiness stands in where a picker's port cannot be asked. */
const serves = (picker: PickerObservation): boolean => picker.ready && picker.answered !== false;

const pickersServing = (look: Look, side: 'old' | 'new'): number => {
  let serving = 0;
  for (const picker of look.pickers) if (picker.side === side && serves(picker)) serving += 1;
  return serving;
};

/** Counts of a look, against the rotation that includes it. */
export const silenceOf = (rotation: Rotation, look: Look): Silence => {
  const answering = new Set<string>();
  let oldPodsReady = 0;
  let oldPodsAnswering = 0;
  let newReady = 0;
  for (const pod of look.pods) {
    if (pod.side === 'new') {
      if (pod.answered) answering.add(pod.uid);
      if (pod.ready) newReady += 1;
    } else if (pod.ready) {
      oldPodsReady += 1;
      if (pod.answered) oldPodsAnswering += 1;
    }
  }
  let rotationPods = 0;
  let silentPods = 0;
  for (const uid in rotation.pods) {
    if (rotation.pods[uid]?.terminating === true && newReady > 0) continue;
    rotationPods += 1;
    if (!answering.has(uid)) silentPods += 1;
  }
  return {
    rotationPods,
    silentPods,
    oldPodsReady,
    oldPodsAnswering,
    rotationPickers: Object.keys(rotation.pickers).length,
    servingPickers: pickersServing(look, 'new'),
    oldPickersServing: pickersServing(look, 'old'),
  };
};

/**
 * Pods: over half of those in rotation are silent while over half of the old side's ready ones answer. Pickers: none
 * serves though one did, while one of the old side's does. Where the old side is silent too, the way of asking is at
 * fault, or going back would help nobody.
 */
export const isSilent = (silence: Silence, who: 'pods' | 'pickers'): boolean =>
  who === 'pods'
    ? silence.silentPods * 2 > silence.rotationPods && silence.oldPodsAnswering * 2 > silence.oldPodsReady
    : silence.rotationPickers > 0 && silence.servingPickers === 0 && silence.oldPickersServing > 0;
