/** Rollout after rollout, two beside each other, until so many kills have struck. */
import { rmSync } from 'node:fs';
import { createRandom } from '../../simulator/scheduler/random.ts';
import { killCases } from './cases.ts';
import { StrikeDrawer } from './draw-strikes.ts';
import { examinePlay } from './examine-play.ts';
import type { KillOptions } from './options.ts';
import { type Kill, type Play, playRollout } from './play.ts';
import type { TalliedRollout } from './tally.ts';
import { runUndisturbed, type Undisturbed } from './undisturbed.ts';

/** Rollouts in which no strike found its moment, in a row: the draws and the cases do not fit. */
const IDLE_MAX = 8;

class KillRun {
  readonly #options: KillOptions;
  readonly #cases = killCases();
  readonly #undisturbed = new Map<string, Undisturbed>();
  readonly #drawer: StrikeDrawer;
  readonly #done: TalliedRollout[] = [];
  #begun = 0;
  #struck = 0;
  /** Planned in rollouts that are under way. */
  #planned = 0;
  #idle = 0;

  constructor(options: KillOptions) {
    this.#options = options;
    this.#drawer = new StrikeDrawer(createRandom(options.seed, 'strikes'));
  }

  async run(): Promise<readonly TalliedRollout[]> {
    for (const killCase of this.#cases) this.#undisturbed.set(killCase.name, await runUndisturbed(killCase));
    await Promise.all(Array.from({ length: this.#options.lanes }, () => this.#lane()));
    return this.#done;
  }

  async #lane(): Promise<void> {
    for (;;) {
      const wanted = this.#options.times - this.#struck - this.#planned;
      if (this.#idle >= IDLE_MAX) return;
      if (wanted > 0) await this.#one(wanted);
      // What the other lane has planned may not come about.
      else if (this.#planned > 0) await new Promise((resolve) => setTimeout(resolve, 500));
      else return;
    }
  }

  async #one(wanted: number): Promise<void> {
    const { seed, speed, store, breakStore, say } = this.#options;
    const number = this.#begun;
    this.#begun += 1;
    const killCase = this.#cases[number % this.#cases.length];
    const undisturbed = this.#undisturbed.get(killCase?.name ?? '');
    if (killCase === undefined || undisturbed === undefined) return;
    const plan = this.#drawer.draw(undisturbed.writers, wanted);
    const planned = plan.strikes.length + plan.anywhen.length;
    this.#planned += planned;
    const worldSeed = seed * 1000 + number;
    const about = `${number + 1} ${killCase.name}`;
    const play = await playRollout({
      killCase,
      plan,
      tookMs: undisturbed.tookMs,
      store,
      seed: worldSeed,
      speed,
      random: createRandom(worldSeed, 'kills'),
      breakStore,
      onKill: (kill) => say(`${about}: ${killLine(kill)}`),
    });
    const problems = await examinePlay(play, undisturbed.truth);
    await play.host.close();
    this.#planned -= planned;
    this.#struck += play.kills.length;
    this.#idle = play.kills.length === 0 ? this.#idle + 1 : 0;
    const wasPaused = play.watch.sightings.some((one) => one.kind === 'sent' && one.action === 'pause');
    const end = play.follower.document?.state ?? 'never started';
    this.#done.push({
      name: killCase.name,
      seed: worldSeed,
      end,
      kills: play.kills,
      late: play.late,
      wasPaused,
      problems,
    });
    say(
      `${about}: ${end}, ${play.kills.length} kills (${this.#struck} of ${this.#options.times}), ${problems.length} problems`,
    );
    for (const problem of problems) say(`  ${problem.slice(0, 500)}`);
    this.#tidy(play, problems);
  }

  #tidy({ stateDir }: Play, problems: readonly string[]): void {
    if (this.#options.keep && problems.length > 0) this.#options.say(`  kept in ${stateDir}`);
    else rmSync(stateDir, { recursive: true, force: true });
  }
}

const killLine = ({ class: name, kind, state, meant, downMs }: Kill): string => {
  const how = meant === null ? 'at any time' : meant.when === 'late' ? 'landing late' : 'waited for';
  return `killed in ${state}, ${name}: ${kind} (${how}), back after ${Math.round(downMs / 1000)} s`;
};

/** @throws Error when a rollout does not end as meant even when it is left alone. */
export const runKills = (options: KillOptions): Promise<readonly TalliedRollout[]> =>
  new KillRun(options).run();
