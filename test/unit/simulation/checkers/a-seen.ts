/** Hand-made histories: a clock, one route, two pools, and what an onlooker would note down of them. */
import type {
  Author,
  Order,
  Seen,
  SeenEntry,
  SeenObject,
  SeenWrite,
  Sighting,
} from '../../../simulation/seen.ts';

export const START_MS = Date.UTC(2026, 0, 5);
export const ROLLOUT = 'r-1';
export const CLUSTER = 'c-1';

export const anOrder = (changes: Partial<Order> = {}): Order => ({
  requestId: 'q-1',
  rolloutId: ROLLOUT,
  cluster: CLUSTER,
  namespace: 'serving',
  type: 'node',
  source: 'existing',
  oldPool: 'llm',
  newPool: 'llm-new',
  oldReplicas: 4,
  newReplicas: 4,
  routes: ['chat'],
  oldObjects: [{ kind: 'InferencePool', name: 'llm' }],
  ladder: [
    { sharePercent: 25, bakeMs: 120_000, approval: false },
    { sharePercent: 100, bakeMs: 120_000, approval: false },
  ],
  settleMs: 30_000,
  errorRatioMax: 0.01,
  errorSamplesMin: 50,
  floorPercent: 100,
  onHoldForMs: 3_600_000,
  retentionMs: 300_000,
  retire: 'keep',
  drainMs: 30_000,
  policies: ['projects/acme/alertPolicies/1'],
  windows: [],
  ...changes,
});

/** Weights by pool, in this order; a number of null leaves the weight out. */
export type Weights = Readonly<Record<string, number | null>>;

const refOf = (name: string, weight: number | null): object => ({
  ...(name.startsWith('svc')
    ? { name, port: 80 }
    : { group: 'inference.networking.k8s.io', kind: 'InferencePool', name }),
  ...(weight === null ? {} : { weight }),
});

export interface RouteInput {
  readonly name?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly fence?: string | null;
  /** Generation that the gateway confirms; null: it says nothing. */
  readonly confirmed?: number | null;
  readonly rules: readonly Weights[];
}

const statusOf = (confirmed: number): object => ({
  parents: [
    {
      parentRef: { name: 'gateway' },
      controllerName: 'networking.gke.io/gateway',
      conditions: ['Accepted', 'ResolvedRefs', 'Reconciled'].map((type) => ({
        type,
        status: 'True',
        observedGeneration: confirmed,
      })),
    },
  ],
});

export const aRoute = (input: RouteInput): SeenObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: {
    name: input.name ?? 'chat',
    namespace: 'serving',
    uid: input.uid ?? 'u-1',
    generation: input.generation ?? 1,
    ...(input.fence === undefined || input.fence === null
      ? {}
      : { annotations: { 'sluice.dev/fence': input.fence } }),
  },
  spec: {
    parentRefs: [{ name: 'gateway' }],
    rules: input.rules.map((rule) => ({
      backendRefs: Object.entries(rule).map(([name, weight]) => refOf(name, weight)),
    })),
  },
  ...(input.confirmed === undefined || input.confirmed === null ? {} : { status: statusOf(input.confirmed) }),
});

interface WriteOptions {
  readonly route?: string;
  readonly by?: Author;
  /** Seconds between sending and landing. */
  readonly underWayS?: number;
  /** Fence number, or the whole annotation. */
  readonly fence?: number | string;
  readonly rules?: readonly Weights[];
  readonly uid?: string;
}

export interface Story {
  /** Moves the clock to so many seconds from the start. */
  at(seconds: number): Story;
  side(which: 'old' | 'new', ready: number, pickerReady?: boolean): Story;
  /** Accepted write of the first rule's weights; others' when `by` says so. */
  write(weights: Weights | null, options?: WriteOptions): Story;
  /** The gateway confirms the route as it stands. */
  confirm(route?: string): Story;
  /** Dry run of the way back with all its weight on the old pool, unless told otherwise. */
  dryRun(
    weights?: Weights,
    options?: { readonly status?: number; readonly heard?: boolean; readonly route?: string },
  ): Story;
  /** Requests, failed ones and those in the servers, since the world began. */
  traffic(which: 'old' | 'new', requests: number, failed?: number, inFlight?: number): Story;
  scrape(answered?: number): Story;
  entry(change: Partial<SeenEntry>): Story;
  /** An applied command. */
  command(name: string, fields?: Readonly<Record<string, unknown>>, change?: Partial<SeenEntry>): Story;
  /** An applied outcome. */
  outcome(kind: string, fields?: Readonly<Record<string, unknown>>, change?: Partial<SeenEntry>): Story;
  add(sighting: Sighting): Story;
  nowMs(): number;
  seen(): Seen;
}

/** A story of one order, with the route(s) standing as the order found them: all on the old pool. */
export const aStory = (order: Order = anOrder(), original: readonly Weights[] = [{ llm: 1 }]): Story => {
  const sightings: Sighting[] = [];
  const routes = new Map<string, SeenObject | null>(
    order.routes.map((name) => [name, aRoute({ name, rules: original, confirmed: 1 })]),
  );
  let nowMs = START_MS;
  let seq = 0;
  const poolOf = (which: 'old' | 'new'): string => (which === 'old' ? order.oldPool : order.newPool);
  const place = { cluster: order.cluster, namespace: order.namespace };
  const push = (
    route: string,
    write: Pick<SeenWrite, 'by' | 'verb' | 'after'> & { issuedAtMs: number },
  ): void => {
    sightings.push({
      kind: 'write',
      atMs: nowMs,
      process: write.by === 'sluice' ? 'p-1' : null,
      ...place,
      resource: 'httproutes.gateway.networking.k8s.io',
      name: route,
      before: routes.get(route) ?? null,
      ...write,
    });
    routes.set(route, write.after);
  };
  const nextOf = (route: string, weights: Weights, options: WriteOptions): SeenObject => {
    const before = routes.get(route) ?? null;
    const { fence } = options;
    const value = typeof fence === 'number' ? `${order.rolloutId}/${fence}` : fence;
    const isSame = before !== null && before.metadata.uid === (options.uid ?? before.metadata.uid);
    const after = aRoute({
      name: route,
      rules: options.rules ?? [weights],
      uid: options.uid ?? before?.metadata.uid ?? 'u-1',
      generation: isSame ? (before.metadata.generation ?? 1) + 1 : 1,
      fence: value ?? before?.metadata.annotations?.['sluice.dev/fence'] ?? null,
    });
    return isSame
      ? { ...after, ...(before['status'] === undefined ? {} : { status: before['status'] }) }
      : after;
  };
  const story: Story = {
    at: (seconds) => {
      nowMs = START_MS + seconds * 1000;
      return story;
    },
    side: (which, ready, pickerReady = true) =>
      story.add({ kind: 'side', atMs: nowMs, ...place, pool: poolOf(which), ready, pickerReady }),
    write: (weights, options = {}) => {
      const route = options.route ?? 'chat';
      const by = options.by ?? 'sluice';
      const verb = weights === null ? 'delete' : (routes.get(route) ?? null) === null ? 'create' : 'patch';
      const after = weights === null ? null : nextOf(route, weights, options);
      push(route, { by, verb, after, issuedAtMs: nowMs - (options.underWayS ?? 0) * 1000 });
      return story;
    },
    confirm: (route = 'chat') => {
      const before = routes.get(route) ?? null;
      if (before === null) throw new RangeError(`${route} is not there`);
      const after = { ...before, status: statusOf(before.metadata.generation ?? 1) };
      push(route, { by: 'controller', verb: 'controller', after, issuedAtMs: nowMs });
      return story;
    },
    dryRun: (weights = { llm: 1, 'llm-new': 0 }, options = {}) => {
      const status = options.status ?? 200;
      const name = options.route ?? 'chat';
      return story.add({
        kind: 'dryRun',
        atMs: nowMs,
        issuedAtMs: nowMs,
        process: 'p-1',
        ...place,
        resource: 'httproutes.gateway.networking.k8s.io',
        name,
        status,
        would: status < 300 ? aRoute({ name, rules: [weights] }) : null,
        heard: options.heard ?? true,
      });
    },
    traffic: (which, requests, failed = 0, inFlight = 0) =>
      story.add({ kind: 'traffic', atMs: nowMs, ...place, pool: poolOf(which), requests, failed, inFlight }),
    scrape: (answered = 8) =>
      story.add({
        kind: 'scrape',
        atMs: nowMs,
        process: 'p-1',
        ...place,
        pods: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
        answered,
      }),
    entry: (change) => {
      seq += 1;
      const entry: SeenEntry = {
        rolloutId: order.rolloutId ?? '',
        seq,
        atMs: nowMs,
        message: { kind: 'timer', messageId: `m-${seq}` },
        from: 'shifting',
        to: 'shifting',
        effects: [],
        verdicts: [],
        refusal: null,
        sentence: '',
        ...change,
      };
      return story.add({
        kind: 'published',
        atMs: nowMs,
        process: 'p-1',
        id: `${entry.rolloutId}/${entry.seq}`,
        entry,
      });
    },
    command: (name, fields = {}, change = {}) =>
      story.entry({
        message: { kind: 'command', messageId: `request/${name}-${seq}`, command: { name, ...fields } },
        ...change,
      }),
    outcome: (kind, fields = {}, change = {}) =>
      story.entry({
        message: { kind: 'outcome', messageId: `effect/${seq}`, outcome: { kind, ...fields } },
        ...change,
      }),
    add: (sighting) => {
      sightings.push(sighting);
      return story;
    },
    nowMs: () => nowMs,
    seen: () => ({
      orders: [order],
      startMs: START_MS,
      quietFromMs: nowMs,
      endMs: nowMs,
      sightings: [...sightings],
    }),
  };
  return story;
};

/** Both sides ready, our ref attached with weight 0 and confirmed, 25 s gone; nothing is wrong with it. */
export const attached = (order: Order = anOrder()): Story =>
  aStory(order)
    .side('old', order.oldReplicas)
    .side('new', order.newReplicas)
    .traffic('old', 0)
    .traffic('new', 0)
    .at(10)
    .dryRun()
    .write({ llm: 1, 'llm-new': 0 }, { fence: 2 })
    .at(20)
    .traffic('old', 200)
    .traffic('new', 0)
    .confirm()
    .at(25);

/** 25 % written after 25 s and confirmed after 40 s. */
export const grown = (order: Order = anOrder()): Story =>
  attached(order)
    .dryRun()
    .write({ llm: 75, 'llm-new': 25 }, { fence: 3 })
    .at(40)
    .traffic('old', 400)
    .traffic('new', 30)
    .confirm()
    .scrape();

/** 25 %, baked in full, 100 % after 170 s, confirmed after 180 s, baked in full after 300 s. */
export const promoted = (order: Order = anOrder()): Story =>
  grown(order)
    .at(100)
    .scrape()
    .at(170)
    .dryRun()
    .traffic('old', 2400)
    .traffic('new', 700)
    .write({ llm: 0, 'llm-new': 100 }, { fence: 4 })
    .at(180)
    .traffic('old', 2410)
    .traffic('new', 900)
    .confirm()
    .at(240)
    .scrape()
    .at(305)
    .traffic('new', 3000)
    .traffic('old', 2410)
    .entry({ from: 'soaking', to: 'retaining' });

/** 25 %, an alert after 60 s, all back a second later, our ref gone and the end after 200 s. */
export const rolledBack = (order: Order = anOrder()): Story =>
  grown(order)
    .at(60)
    .entry({
      message: { kind: 'alert', messageId: 'i-1/open' },
      from: 'shifting',
      to: 'rollingBack',
    })
    .at(61)
    .write({ llm: 1, 'llm-new': 0 }, { fence: 5 })
    .at(70)
    .confirm()
    .at(190)
    .write({ llm: 1 }, { fence: 6 })
    .at(195)
    .confirm()
    .at(200)
    .outcome('objectsDeleted', {}, { from: 'rollingBack', to: 'rolledBack' });

/** Just the sentences. */
export const sentences = (found: readonly { readonly sentence: string }[]): readonly string[] =>
  found.map(({ sentence }) => sentence);
