import type { Doors } from '../../workflows/door-types.ts';
import type { Ports } from '../../workflows/ports.ts';
import type { SimProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** Which process is to be booted. */
export interface Instance {
  /** From 0. */
  readonly index: number;
  /** From 1, grows with each restart. */
  readonly incarnation: number;
}

export interface FleetOptions {
  readonly scheduler: Scheduler;
  readonly boot: (ports: Ports, instance: Instance) => Doors;
  /** null: the dead stay dead. */
  readonly restartAfterMs: number | null;
  readonly skewMs: (instance: Instance) => number;
}

/** From so many messages on the turn is lost now and then. */
const RESONANCE_FROM = 2_000;
const RESONANCE_EVERY = 7;

/** The processes; each is started again after its death. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #slots: (SimProcess<Doors> | null)[] = [];
  /** Clocks that were set while running; they outlive a restart, for they are the machine's. */
  readonly #skews = new Map<number, number>();
  #turn = 0;
  #asked = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  live(): readonly SimProcess<Doors>[] {
    return this.#slots.filter((process) => process !== null);
  }

  /**
   * Takes turns among the live ones, so that a frozen process does not get everything. Where all stand still another
   * one is started, as an autoscaler does that sees requests wait.
   */
  next(): SimProcess<Doors> | null {
    if (this.live().length > 0 && this.live().every(({ frozen }) => frozen))
      this.start({ index: this.#slots.length, incarnation: 1 });
    const live = this.live();
    this.#asked += 1;
    // Where the same few messages come round and round, each would otherwise meet the same process for ever.
    if (this.#asked > RESONANCE_FROM && this.#asked % RESONANCE_EVERY === 0) this.#turn += 1;
    return live[this.#turn++ % Math.max(1, live.length)] ?? null;
  }

  /** Sets an instance's clock, ms ahead of the world's. */
  setSkew(index: number, ms: number): void {
    this.#skews.set(index, ms);
    this.#slots[index]?.setSkew(ms);
  }

  start(instance: Instance): void {
    const { boot, scheduler, restartAfterMs, skewMs } = this.#options;
    const { index, incarnation } = instance;
    const name = `p${index}.${incarnation}`;
    const process = scheduler.startProcess(name, (ports) => boot(ports, instance), {
      skewMs: this.#skews.get(index) ?? skewMs(instance),
    });
    this.#slots[index] = process;
    process.onCrash(() => {
      this.#slots[index] = null;
      if (restartAfterMs === null) return;
      scheduler.at(scheduler.nowMs + restartAfterMs, () =>
        this.start({ index, incarnation: incarnation + 1 }),
      );
    });
  }
}
