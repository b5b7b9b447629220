/** What a live world sees of Sluice, in the words of the checkers of the simulation. */
import type { Gate, GatedCall, GateMoment } from '../../simulator/servers/gate.ts';
import type { World } from '../../simulator/world/world.ts';
import { Recorder, type WatchedPools } from '../simulation/recorder/recorder.ts';
import type { SeenObject, Sighting } from '../simulation/seen.ts';

interface Fields {
  readonly [field: string]: unknown;
}

const OBJECT = /^\/(?:api|apis\/([^/]+))\/[^/]+\/namespaces\/([^/]+)\/([^/]+)\/([^/?]+)/;
const METRICS = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/:]+)(?::\d+)?\/proxy\/metrics/;
const HEARTBEAT = 'custom.googleapis.com/sluice/evaluated';

const object = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

/** Body of an HTTP answer: an object, or its text. */
const bodyOf = (answer: unknown): SeenObject =>
  (typeof answer === 'string' ? JSON.parse(answer) : answer) as SeenObject;

export interface LiveWatchOptions {
  readonly pools: WatchedPools;
  /** Name of the process that lives. */
  readonly process: () => string;
}

export class LiveWatch {
  readonly recorder: Recorder;
  readonly #options: LiveWatchOptions;
  #world: World | null = null;
  /** What is carried out for a process that is dead already. */
  #late: { readonly process: string; readonly issuedAtMs: number } | null = null;

  constructor(options: LiveWatchOptions) {
    this.#options = options;
    this.recorder = new Recorder([options.pools], () => options.pools);
  }

  get sightings(): readonly Sighting[] {
    return this.recorder.sightings;
  }

  watch(world: World): void {
    this.#world = world;
    this.recorder.watch(world, () => ({
      caller: { name: this.#late?.process ?? this.#options.process() },
      issuedAtMs: this.#late?.issuedAtMs ?? world.nowMs,
    }));
  }

  /** The next write is one that a dead process sent. */
  expectLate(process: string, issuedAtMs: number): void {
    this.#late = { process, issuedAtMs };
  }

  readonly gate: Gate = (call, moment) => {
    if (moment.kind === 'applied') {
      this.#applied(call, moment);
      this.#late = null;
    }
    return undefined;
  };

  /** How many requests each pool has had. */
  #countTraffic(): void {
    const { cluster, namespace, pools } = this.#options.pools;
    for (const pool of this.#world?.poolsOf(cluster, namespace) ?? []) {
      if (!pools.includes(pool.name)) continue;
      const { name, total: requests, failed, inFlight } = pool;
      const atMs = this.recorder.nowMs;
      this.recorder.add({
        kind: 'traffic',
        atMs,
        cluster,
        namespace,
        pool: name,
        requests,
        failed,
        inFlight,
      });
    }
  }

  #applied(call: GatedCall, moment: Extract<GateMoment, { kind: 'applied' }>): void {
    if (call.server === 'kubernetes') this.#kubernetes(call, moment);
    else if (call.server === 'gke') this.#gke(call, moment.answer);
    else if (call.method === 'CreateTimeSeries') this.#heartbeats(call);
  }

  #kubernetes(call: GatedCall, { status, answer }: Extract<GateMoment, { kind: 'applied' }>): void {
    const { cluster, url, method } = call;
    if (cluster === null) return;
    const atMs = this.recorder.nowMs;
    const process = this.#options.process();
    const scraped = METRICS.exec(url);
    if (scraped !== null) {
      const [, namespace = '', pod = ''] = scraped;
      const answered = status === 200 ? 1 : 0;
      this.recorder.add({ kind: 'scrape', atMs, process, cluster, namespace, pods: [pod], answered });
    }
    if (method !== 'PATCH' || !url.includes('dryRun=')) return;
    const [, group = '', namespace = '', plural = '', name = ''] = OBJECT.exec(url) ?? [];
    this.recorder.add({
      kind: 'dryRun',
      atMs,
      issuedAtMs: atMs,
      process,
      cluster,
      resource: group === '' ? plural : `${plural}.${group}`,
      namespace,
      name,
      status,
      would: status < 300 ? bodyOf(answer) : null,
      heard: true,
    });
  }

  #gke({ method, body }: GatedCall, answer: unknown): void {
    if (object(answer)['kind'] !== 'message') return;
    const asked = object(body);
    const atMs = this.recorder.nowMs;
    const sent = { issuedAtMs: this.#late?.issuedAtMs ?? atMs, process: this.#options.process() };
    if (method === 'CreateNodePool') {
      const pool = object(asked['nodePool']);
      const labels = object(object(pool['config'])['resourceLabels']) as Readonly<Record<string, string>>;
      const nodePool = String(pool['name']);
      const cluster = String(asked['parent']);
      this.recorder.add({ kind: 'gke', atMs, ...sent, what: 'createNodePool', cluster, nodePool, labels });
    } else if (method === 'DeleteNodePool') {
      const [cluster = '', nodePool = ''] = String(asked['name']).split('/nodePools/');
      this.recorder.add({
        kind: 'gke',
        atMs,
        ...sent,
        what: 'deleteNodePool',
        cluster,
        nodePool,
        labels: {},
      });
    }
  }

  #heartbeats({ body }: GatedCall): void {
    const series = object(body)['timeSeries'];
    for (const one of Array.isArray(series) ? series : []) {
      const metric = object(object(one)['metric']);
      const rolloutId = object(metric['labels'])['rollout_id'];
      if (metric['type'] !== HEARTBEAT || typeof rolloutId !== 'string') continue;
      this.#countTraffic();
      this.recorder.add({ kind: 'heartbeat', atMs: this.recorder.nowMs, rolloutId });
    }
  }
}
