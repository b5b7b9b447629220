/**
 * What answers behind simulated ports: the same methods as the ports', synchronous, in virtual time. A handler
 * applies its call the moment it is called and says how long the answer takes.
 */
import type {
  BusPort,
  GkePort,
  KubernetesPort,
  ModelServersPort,
  MonitoringPort,
  Ports,
  StorePort,
  TimePort,
} from '../../workflows/ports.ts';

/** Becomes an exception of the port; only the store's throw. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export type Applied<T> =
  | { readonly value: T; readonly tookMs: number }
  | { readonly failure: Failure; readonly tookMs: number };

type SyncPort<P> = {
  readonly [M in keyof P]: P[M] extends (call: infer C) => Promise<infer R> ? (call: C) => Applied<R> : never;
};

export interface Handlers {
  readonly store: SyncPort<StorePort>;
  readonly kubernetes: SyncPort<KubernetesPort>;
  readonly models: SyncPort<ModelServersPort>;
  readonly gke: SyncPort<GkePort>;
  readonly monitoring: SyncPort<MonitoringPort>;
}

/** The clock that everything shares. Only `advanceTo` moves it, and never backwards. */
export interface WorldClock {
  readonly nowMs: number;
  /** When something happens by itself next; null or Infinity: never. */
  nextEventMs(): number | null;
  /** Lets everything up to and including `ms` happen. */
  advanceTo(ms: number): void;
}

type PortName = Exclude<keyof Ports, 'log'>;

type MethodsOf<P> = { readonly [M in keyof P]: true };

const METHODS: {
  readonly store: MethodsOf<StorePort>;
  readonly kubernetes: MethodsOf<KubernetesPort>;
  readonly models: MethodsOf<ModelServersPort>;
  readonly gke: MethodsOf<GkePort>;
  readonly monitoring: MethodsOf<MonitoringPort>;
  readonly bus: MethodsOf<BusPort>;
  readonly time: MethodsOf<TimePort>;
} = {
  store: {
    load: true,
    commit: true,
    attachment: true,
    due: true,
    list: true,
    watching: true,
    lookUpStart: true,
    journal: true,
    locks: true,
    recordIncident: true,
    registry: true,
    setFreeze: true,
    recordRejected: true,
    leftovers: true,
    putLeftover: true,
  },
  kubernetes: { discover: true, get: true, list: true, create: true, jsonPatch: true, delete: true },
  models: { scrape: true, ask: true },
  gke: {
    getNodePool: true,
    listNodePools: true,
    createNodePool: true,
    deleteNodePool: true,
    getOperation: true,
    listOperations: true,
  },
  monitoring: { openIncidents: true, heartbeat: true },
  bus: { publish: true },
  time: { now: true, wait: true, changes: true },
};

/** One method of one port. */
export interface Operation {
  readonly port: PortName;
  readonly method: string;
  /** `store.commit` */
  readonly name: string;
}

/** Every method of every port, in one fixed order. */
export const OPERATIONS: readonly Operation[] = Object.entries(METHODS).flatMap(([port, methods]) =>
  Object.keys(methods).map((method) => ({ port: port as PortName, method, name: `${port}.${method}` })),
);

/** Ports whose methods all go through `issue`; `log` is handed through. */
export function portsFrom<O extends Operation>(
  operations: readonly O[],
  issue: (operation: O, args: unknown) => Promise<unknown>,
  log: Ports['log'],
): Ports {
  const ports: Record<string, Record<string, (args: unknown) => Promise<unknown>>> = {};
  for (const operation of operations) {
    const methods = (ports[operation.port] ??= {});
    methods[operation.method] = (args) => issue(operation, args);
  }
  return { ...ports, log } as unknown as Ports;
}

/** The handler of an operation, bound to its port; undefined for `bus` and `time`. */
export function handlerOf(
  handlers: Handlers,
  operation: Operation,
): ((args: unknown) => Applied<unknown>) | undefined {
  if (operation.port === 'bus' || operation.port === 'time') return undefined;
  const port = handlers[operation.port] as unknown as Record<string, (args: unknown) => Applied<unknown>>;
  // Looked up at each call: a test may replace a method of a live port.
  return (args) => {
    const method = port[operation.method];
    if (method === undefined) throw new TypeError(`no handler for ${operation.name}`);
    return method.call(port, args);
  };
}
