import { GRACE_MS } from '../adapter-evidence.ts';
import { CELL_ANSWERS_MIN } from '../duration-evidence.ts';
import { CLIENT_MARGIN, PROBES_MARGIN } from './adapter-judges.ts';
import { MISSED_MINUTES, SLOTS_MINUTES } from './adapter-tripwires.ts';
import { LOOKS_RUNNING } from './burst.ts';
import { BURST_FAILURES_MIN, BURST_RATIO_MIN, BURST_TIMES_OLD, BURST_WINDOW_MS } from './burst-window.ts';
import { ALPHA } from './chance.ts';
import { DURATION_CELLS_MIN, DURATION_FACTOR } from './duration-judge.ts';
import { RELATIVE_OLD_SHARE_MIN_PERCENT } from './judges.ts';
import { ERRORS_MARGIN, RELATIVE_SAMPLES_MIN } from './proportion-tests.ts';
import { EXPECTED_MIN } from './split.ts';
import {
  FAST_FAILURES_MIN,
  FAST_MARGIN,
  FAST_RATIO_MAX,
  FAST_REQUESTS_MIN,
  QUEUE_TIMES_OLD,
  QUEUE_WAITING_MAX,
  SPLIT_REQUESTS_MIN,
} from './tripwires.ts';
import { percent } from './words.ts';

export interface GateText {
  readonly name: string;
  /** `tripwire`: each minute. `burst`: every few seconds while awake. `judge`: once, at the end of a bake. */
  readonly kind: 'tripwire' | 'burst' | 'judge';
  /** What a failure leads to. */
  readonly action: 'rollback' | 'hold';
  /** Where the figures come from. */
  readonly source: string;
  /** When it fails, in words. */
  readonly rule: string;
  /** What it needs before it speaks. */
  readonly minimum: string;
  readonly why: string;
}

const WINDOW = `${String(BURST_WINDOW_MS / 1000)} s`;
const LOOKS = `at ${String(LOOKS_RUNNING)} looks running`;
const COUNTERS = 'HTTP counters and finish reasons of each pod, and requests that ran on pods that are gone';

const PROBES = 'one completion of one token of each version by each ready pod, at each look';

const BURSTS: readonly GateText[] = [
  {
    name: 'errors.fast',
    kind: 'burst',
    action: 'rollback',
    source: COUNTERS,
    rule: `over the last ${WINDOW} at least ${percent(BURST_RATIO_MIN)} of the new side's requests failed, at ${String(BURST_TIMES_OLD)} times the old side's rate, with failures in the newest interval; ${LOOKS}`,
    minimum: `${String(BURST_FAILURES_MIN)} failures`,
    why: 'A broken side should not serve for the minutes that a slower gate takes.',
  },
  {
    name: 'unanswered',
    kind: 'burst',
    action: 'rollback',
    source: 'any HTTP status from the pods themselves within 3 s; readiness for pickers that cannot be asked',
    rule: `over half of the new side's model servers in rotation, or all its endpoint pickers, do not answer while the old side's do; ${LOOKS}`,
    minimum: 'one that was ready within the last 15 s',
    why: 'Killed and hanging servers and pickers count no errors: absence is their only signal.',
  },
  {
    name: 'split',
    kind: 'burst',
    action: 'rollback',
    source: 'requests that came in on both sides',
    rule: `once the new side has carried its share, it gets under half of what the stored weights should bring, beyond chance; ${LOOKS}`,
    minimum: `${String(EXPECTED_MIN)} requests expected in ${WINDOW}`,
    why: 'Requests that fail before they reach a server are counted nowhere but by their absence.',
  },
  {
    name: 'adapter.notFound',
    kind: 'burst',
    action: 'rollback',
    source: PROBES,
    rule: `a pod that has served the new version's name since its last start answers 404 for it; ${LOOKS}`,
    minimum: 'one answer of that pod before',
    why: 'The endpoint picker sends requests to every pod, whether it has the adapter or not, and counts none of them as failed.',
  },
];

const TRIPWIRES: readonly GateText[] = [
  {
    name: 'errors.fast',
    kind: 'tripwire',
    action: 'rollback',
    source: COUNTERS,
    rule: `over 2 minutes more than ${percent(FAST_RATIO_MAX)} of the new side's requests failed, and more than ${String(FAST_MARGIN * 100)} points above the old side; 2 minutes running, the newest one by itself too`,
    minimum: `${String(FAST_REQUESTS_MIN)} requests or ${String(FAST_FAILURES_MIN)} failures`,
    why: 'Errors too few for a burst and too many to wait for the end of the bake.',
  },
  {
    name: 'ready',
    kind: 'tripwire',
    action: 'rollback',
    source: 'readiness of pods and pickers',
    rule: 'fewer replicas can serve than the share of the replicas at 100 %, or no picker is ready; 2 minutes running',
    minimum: 'none',
    why: 'The share is more than the side can carry.',
  },
  {
    name: 'queue',
    kind: 'tripwire',
    action: 'rollback',
    source: 'vllm:num_requests_waiting per ready pod',
    rule: `more than ${String(QUEUE_WAITING_MAX)} and more than ${String(QUEUE_TIMES_OLD)} times the old side's; 3 minutes running`,
    minimum: 'none',
    why: 'Five waiting requests are where the endpoint picker itself calls a server full.',
  },
  {
    name: 'split',
    kind: 'tripwire',
    action: 'hold',
    source: 'finished requests of both sides',
    rule: 'over 5 minutes since the confirmation the new side got less than half or more than twice its share, beyond chance',
    minimum: `${String(SPLIT_REQUESTS_MIN)} requests on both sides together`,
    why: 'Weights that are not programmed, session affinity, a rule in the way: nothing is broken, but nothing is proved either.',
  },
  {
    name: 'adapter.notFound',
    kind: 'tripwire',
    action: 'rollback',
    source: PROBES,
    rule: `a pod that has served the new version's name, or has been ready for ${String(GRACE_MS / 60_000)} minutes without it, answers 404 for it; ${String(MISSED_MINUTES)} minutes running`,
    minimum: 'none',
    why: 'A pod that came up in mid-ladder gets its time to load what its syncer names; after that its requests fail.',
  },
  {
    name: 'adapterSlots',
    kind: 'tripwire',
    action: 'hold',
    source: 'vllm:lora_requests_info of each ready pod',
    rule: `an adapter that does not run waits while as many run as the pod has slots (--max-loras); ${String(SLOTS_MINUTES)} minutes running`,
    minimum: 'none',
    why: 'Two versions take two slots. Requests still get their turn, and going back would empty no slot at once: a person decides.',
  },
];

const JUDGES: readonly GateText[] = [
  {
    name: 'errors',
    kind: 'judge',
    action: 'rollback',
    source: `${COUNTERS}, over the whole rung`,
    rule: `a one-sided test at α ${String(ALPHA)} shows the ratio above objectives.errorRatio, or more than ${String(ERRORS_MARGIN * 100)} points above the old side's; in rollouts of an adapter the pods' own past stands in for the old side, and their 4xx may not be more than ${String(CLIENT_MARGIN * 100)} point above it`,
    minimum: `200 requests on the new side (tunable); ${String(RELATIVE_SAMPLES_MIN)} on each side for the comparison, and at least ${String(RELATIVE_OLD_SHARE_MIN_PERCENT)} % of the traffic on the old one`,
    why: 'The promise to users, judged on all data of the rung with failures that come in bunches counted as bunches.',
  },
  {
    name: 'ttft.slo',
    kind: 'judge',
    action: 'rollback',
    source: 'vllm:time_to_first_token_seconds, over the rung after its warm-up',
    rule: `a one-sided test at α ${String(ALPHA)} shows more answers over the edge than objectives.ttft allows`,
    minimum: '300 answers on the new side (tunable)',
    why: 'A proportion over a bucket edge is what a histogram can really tell; the edge is the smallest that is not below the objective.',
  },
  {
    name: 'adapter.errors',
    kind: 'judge',
    action: 'rollback',
    source: `${PROBES}, over the whole rung`,
    rule: `a one-sided test at α ${String(ALPHA)} shows more failed probes of the new version than objectives.errorRatio, or more than ${String(PROBES_MARGIN * 100)} points above the old version's on the same pods; where both fail it stays inconclusive`,
    minimum: 'as many probes as the plan says (tunable)',
    why: 'No counter of a model server tells adapters apart, and the picker calls a request served whatever the server answered.',
  },
  {
    name: 'adapter.duration',
    kind: 'judge',
    action: 'rollback',
    source:
      'normalized time per output token of requests for the name, by target, as the endpoint pickers count it; over the rung after its warm-up. It takes part where the plan says that their counters can be read, from a share of 5 as long as the old version has 10 or more',
    rule: `a one-sided t test at α ${String(ALPHA)} over minutes shows the new version's mean above ${String(DURATION_FACTOR)} times the old one's. Where the picker has no figures per token, whole answers are compared: these can pass, and stay inconclusive where they take longer, for they may only be longer`,
    minimum: `200 answers of either version (tunable), in ${String(DURATION_CELLS_MIN)} minutes with at least ${String(CELL_ANSWERS_MIN)} of either; quiet minutes are put together`,
    why: 'A larger rank or an adapter that fits its base badly costs time with every token. Both versions run on the same pods at the same time, and chance decides which one a request gets.',
  },
];

/** All gates of this version, for the documentation and `explain`; those that act fastest first. */
export const explainGates = (): readonly GateText[] => [...BURSTS, ...TRIPWIRES, ...JUDGES];
