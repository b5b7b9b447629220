/** Plays one rollout from start to end in a world of its own, and kills Sluice meanwhile. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '../../simulator/scheduler/random.ts';
import { startWorldHost, type WorldHost } from '../../simulator/servers/world-host.ts';
import type { JournalEntry } from '../../workflows/rollout/stored.ts';
import { recordFaults } from '../simulation/recorder/record-faults.ts';
import { Ambush, type Late, type Sprung } from './ambush.ts';
import type { KillCase } from './cases.ts';
import type { StrikePlan } from './draw-strikes.ts';
import type { KillStore } from './kill-store.ts';
import { LiveWatch } from './live-watch.ts';
import { type Moment, momentOf } from './moment.ts';
import { pauseForAWhile } from './operator.ts';
import { paceFor, STARTING_SPEED } from './pace.ts';
import { StoreFollower } from './store-follower.ts';
import { BEFORE_MS } from './undisturbed.ts';
import { type Answer, Victim } from './victim.ts';

export interface PlayOptions {
  readonly killCase: KillCase;
  readonly plan: StrikePlan;
  /** How long the rollout takes when it is left alone, virtual. */
  readonly tookMs: number;
  readonly store: KillStore;
  readonly seed: number;
  readonly speed: number;
  readonly random: Random;
  /** The store forgets its last commit at each kill. */
  readonly breakStore: boolean;
  readonly onKill: (kill: Kill) => void;
}

export interface Kill extends Moment {
  readonly atMs: number;
  /** State of the rollout. */
  readonly state: string;
  /** The request was waited for; null: it struck at any time. */
  readonly meant: Sprung['strike'] | null;
  /** From the kill until the next process was ready, virtual. */
  readonly downMs: number;
}

/** Requests of dead processes that were carried out when another one was at work. */
export interface LateLandings {
  accepted: number;
  /** The world had gone on: the request's tests did not hold any more, or its name was taken. */
  refused: number;
}

export interface Play {
  readonly options: PlayOptions;
  readonly stateDir: string;
  readonly host: WorldHost;
  readonly watch: LiveWatch;
  readonly follower: StoreFollower;
  readonly kills: readonly Kill[];
  readonly late: LateLandings;
  readonly startMs: number;
  readonly started: Answer | null;
  /** It went on for too long, or broke: what is to be said of it. */
  readonly failure: string | null;
}

const LOOK_MS = 60;
/** Longest rollout: virtual, and of the wall. */
const LONGEST_MS = 3 * 3_600_000;
const LONGEST_WALL_MS = 8 * 60_000;
/** After the end: the last entries are published, what must not come does not come. */
const AFTERWARDS_MS = 3 * 60_000;
/** As long as one stays dead, virtual. */
const DOWN_MIN_MS = 20_000;
const DOWN_MAX_MS = 150_000;
/** A request that was sent by a dead process arrives that long after the next one came up, at most; virtual. */
const LATE_MAX_MS = 15_000;

const START = 'start';
const PRINCIPAL = 'operator@example.com';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Player {
  readonly #options: PlayOptions;
  readonly #stateDir = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
  readonly #watch: LiveWatch;
  readonly #ambush: Ambush;
  readonly #kills: Kill[] = [];
  readonly #late: LateLandings = { accepted: 0, refused: 0 };
  #host: WorldHost | undefined;
  #victim: Victim | undefined;
  #follower: StoreFollower | undefined;
  /** Whoever waits for the next kill. */
  #struck = Promise.withResolvers<Sprung | null>();
  #death: Promise<void> | null = null;
  #copied = -1;

  constructor(options: PlayOptions) {
    this.#options = options;
    const { spec } = options.killCase.input.rollout;
    this.#watch = new LiveWatch({
      pools: { cluster: spec.cluster, namespace: spec.namespace, pools: [spec.from.pool, spec.to.pool] },
      process: () => this.#victim?.name ?? '',
    });
    this.#ambush = new Ambush({
      itemOf: async (kinds) => this.#follower?.itemOf(kinds),
      kill: () => this.#kill(),
      onSprung: (sprung) => this.#struck.resolve(sprung),
    });
    this.#ambush.arm(options.plan.strikes);
  }

  async play(): Promise<Play> {
    const { killCase, seed, store } = this.#options;
    const host = await startWorldHost({
      world: killCase.world(seed),
      speed: paceFor(null, this.#options.speed),
      beforeMs: BEFORE_MS,
      gate: (call, moment) => {
        void this.#watch.gate(call, moment);
        return this.#ambush.gate(call, moment);
      },
    });
    this.#host = host;
    const stateDir = this.#stateDir;
    const victim = new Victim({
      stateDir,
      project: host.environment['SLUICE_PROJECT'] ?? '',
      environment: {
        ...host.environment,
        ...store.environment(stateDir),
        SLUICE_PRINCIPAL: PRINCIPAL,
      },
    });
    this.#victim = victim;
    const follower = new StoreFollower(store, stateDir, () => host.clock.nowMs());
    this.#follower = follower;
    let failure: string | null = null;
    let started: Answer | null = null;
    const startMs = host.clock.nowMs();
    try {
      await victim.start();
      this.#watch.watch(host.world);
      host.world.onIncident((message) => {
        recordFaults.incident(this.#watch.recorder, message, host.world.nowMs);
        void victim.publish('alerts', message);
      });
      const starting = this.#start(victim);
      this.#killAnywhen(host, startMs);
      const { plan, tookMs } = this.#options;
      if (plan.pauseAt !== null)
        void pauseForAWhile(
          { victim, recorder: this.#watch.recorder, clock: host.clock, document: () => follower.document },
          startMs + plan.pauseAt * tookMs,
        );
      await Promise.race([this.#untilEnd(host, follower, startMs), victim.untilBroken()]);
      started = await starting;
      await host.clock.wait(AFTERWARDS_MS);
      await follower.look();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    this.#ambush.buried();
    await follower.close();
    await victim.stop();
    host.world.settle();
    return {
      options: this.#options,
      stateDir,
      host,
      watch: this.#watch,
      follower,
      kills: this.#kills,
      late: this.#late,
      startMs,
      started,
      failure,
    };
  }

  async #start(victim: Victim): Promise<Answer | null> {
    const { text, fileName, manifests } = this.#options.killCase.input.rollout;
    const body = { requestId: START, file: text, fileName, manifests };
    const { recorder } = this.#watch;
    const atMs = recorder.nowMs;
    const about = { id: START, action: 'start', rolloutId: null, body: {} };
    recorder.add({ kind: 'sent', atMs, via: 'api', ...about });
    const answer = await victim.ask('/v1/rollouts', body);
    if (answer === null) return null;
    const { status } = answer;
    const { code = '' } = answer.body as { readonly code?: string };
    recorder.add({ kind: 'answer', atMs: recorder.nowMs, id: START, status, code });
    return answer;
  }

  #killAnywhen({ clock }: WorldHost, startMs: number): void {
    const { plan, tookMs } = this.#options;
    for (const part of plan.anywhen)
      void clock.wait(startMs + part * tookMs - clock.nowMs()).then(() => {
        const isOver = typeof this.#follower?.document?.finishedAtMs === 'number';
        if (isOver || this.#victim?.isAlive !== true) return;
        this.#kill();
        this.#struck.resolve(null);
      });
  }

  #kill(): void {
    this.#death ??= this.#victim?.kill() ?? null;
  }

  async #untilEnd(host: WorldHost, follower: StoreFollower, startMs: number): Promise<void> {
    const wallEndMs = Date.now() + LONGEST_WALL_MS;
    for (;;) {
      const struck = await Promise.race([this.#struck.promise, sleep(LOOK_MS).then(() => 'nobody' as const)]);
      if (struck !== 'nobody') {
        await this.#revive(host, follower, struck);
        continue;
      }
      if (await follower.look()) await this.#remember(follower.entries);
      const { document } = follower;
      host.clock.setSpeed(paceFor(document, this.#options.speed));
      if (document !== null && document.finishedAtMs !== null && document.wakeAtMs === null) return;
      if (host.clock.nowMs() - startMs > LONGEST_MS || Date.now() > wallEndMs)
        throw new Error(
          `it did not end: ${document?.state ?? 'never started'}, held ${document?.held ?? 'by nobody'}`,
        );
    }
  }

  /** For a store that will forget. */
  async #remember(entries: readonly JournalEntry[]): Promise<void> {
    const { breakStore, store } = this.#options;
    if (!breakStore || this.#copied === entries.length) return;
    this.#copied = entries.length;
    await store.remember(this.#stateDir);
  }

  /** The process is dead: what was the moment, then the next one. */
  async #revive(host: WorldHost, follower: StoreFollower, sprung: Sprung | null): Promise<void> {
    const { random, store, breakStore, onKill } = this.#options;
    const atMs = host.clock.nowMs();
    const dead = this.#victim?.name ?? '';
    await this.#death;
    const document = await follower.lookAtDead();
    const seen = momentOf(document, this.#watch.sightings, sprung?.effectId ?? null);
    this.#ambush.buried();
    if (breakStore) await store.loseLastCommit(this.#stateDir);
    if (random.chance(0.5)) await host.clock.wait(random.int(DOWN_MIN_MS, DOWN_MAX_MS));
    host.clock.setSpeed(STARTING_SPEED);
    this.#death = null;
    this.#struck = Promise.withResolvers();
    await this.#victim?.start();
    host.clock.setSpeed(paceFor(document, this.#options.speed));
    const downMs = host.clock.nowMs() - atMs;
    this.#watch.recorder.add({ kind: 'fault', atMs, what: 'crashed', whom: dead, forMs: downMs });
    const late = this.#ambush.takeLate();
    const landsInMs = random.int(0, LATE_MAX_MS);
    if (late !== null) void this.#land(late, { process: dead, issuedAtMs: atMs }, landsInMs);
    const kill: Kill = {
      ...seen,
      // The server had got it, whenever it then does what it says.
      class: late !== null && seen.class === 'committed, not called' ? 'called, no outcome' : seen.class,
      atMs,
      state: document?.state ?? 'not started',
      meant: sprung?.strike ?? null,
      downMs,
    };
    this.#kills.push(kill);
    onKill(kill);
  }

  async #land(
    late: Late,
    sent: { readonly process: string; readonly issuedAtMs: number },
    inMs: number,
  ): Promise<void> {
    await this.#host?.clock.wait(inMs);
    this.#watch.expectLate(sent.process, sent.issuedAtMs);
    const isAccepted = await late.land();
    this.#late[isAccepted ? 'accepted' : 'refused'] += 1;
  }
}

/** The world stays up until the play was examined. */
export const playRollout = (options: PlayOptions): Promise<Play> => new Player(options).play();
