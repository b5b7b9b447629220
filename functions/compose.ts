/**
 * The shell over real adapters, as the environment says. The only place with dynamic imports: a function loads what its
 * own path needs, since a cold start is part of the time from an alert to the traffic being back.
 */
import type { ApiRequest, ApiResponse, CloudEvent } from '../workflows/door-types.ts';
import type { KubernetesPort, Log, Ports } from '../workflows/ports.ts';
import { VERSIONS } from '../workflows/rollout/versions.ts';
import type { Clock } from './adapters/clock.ts';
import { createJsonLog } from './adapters/log-json.ts';
import type { Config } from './config.ts';
import { deferredPort, once } from './deferred-port.ts';
import { newInstanceId } from './http/instance-id.ts';
import type { PrincipalOptions } from './http/principal.ts';
import { createTracing, type Traced } from './http/trace.ts';
import type { Shell } from './runtime/shell.ts';
import type { Watch } from './watch.ts';

export interface ComposeOptions {
  readonly config: Config;
  /** Takes a line of the structured log, without its end. */
  readonly writeLog: (line: string) => void;
  /** The clock of this process; default: the one that the configuration names. */
  readonly clock?: Clock;
  /** Aborted when the process is about to end: waits and streams end in good order. */
  readonly stopping?: AbortSignal;
}

type EventDoor = (event: CloudEvent) => Promise<void>;

/** What is registered with functions-framework, and what its HTTP side must know. */
export interface Functions {
  readonly api: (request: ApiRequest) => Promise<ApiResponse>;
  readonly watch: Watch;
  readonly onRequest: EventDoor;
  readonly onAlert: EventDoor;
  readonly onTick: EventDoor;
  readonly onWake: EventDoor;
  readonly principal: PrincipalOptions;
  readonly traced: Traced;
  readonly stopping: AbortSignal | undefined;
  /**
   * Loads what the functions would load at their first need, and asks nobody anything. For a process that hosts all of them
   * under a clock that is faster than the wall's: a second of loading would be a minute of requests that wait.
   */
  preload(): Promise<void>;
  /** Gives back the store's file and the connections that were opened. A door that is under way then fails. */
  close(): Promise<void>;
}

/** What is to be closed at the end, in the order that it was opened. */
type Closers = (() => unknown)[];

const openClock = async (
  { config, clock }: ComposeOptions,
  closers: Closers,
  log: () => Log,
): Promise<Clock> => {
  if (clock !== undefined) return clock;
  if (config.clock === null) return (await import('./adapters/clock.ts')).createWallClock();
  const { connectClock } = await import('./adapters/clock-remote.ts');
  const remote = await connectClock({
    address: config.clock,
    onLost: () =>
      log()('ERROR', 'clock-lost', 'whoever owns the clock is gone: time stands still', {
        clock: config.clock,
      }),
  });
  closers.push(() => remote.close());
  return remote;
};

/** An access token for Google's APIs; null where a simulator stands in for them. */
const googleAuth = (isSimulated: boolean): (() => Promise<string>) | null => {
  if (isSimulated) return null;
  const token = once(async () => (await import('./adapters/cluster-access-token.ts')).googleToken());
  return async () => (await token())();
};

const isLoopback = (url: string): boolean => /^http:\/\/(127\.|localhost|\[::1\])/.test(url);

const openStore = async (config: Config, clock: Clock, closers: Closers): Promise<Ports['store']> => {
  const { openSqliteStore } = await import('./adapters/store-sqlite.ts');
  const store = openSqliteStore({ path: config.storePath, now: () => clock.nowMs() });
  closers.push(() => store.close());
  return store;
};

/** The clusters' side: found by GKE, reached by one kind of access. */
const clusterPorts = (
  config: Config,
  clock: Clock,
  closers: Closers,
): Pick<Ports, 'kubernetes' | 'models'> => {
  const access = once(async () => {
    const { createClusterAccess } = await import('./adapters/cluster-access.ts');
    const { googleToken, staticToken } = await import('./adapters/cluster-access-token.ts');
    const { createClusterLookup } = await import('./adapters/gke-clusters.ts');
    const lookUp = createClusterLookup({ endpoint: config.gkeEndpoint ?? undefined, clock });
    closers.push(() => lookUp.close());
    return createClusterAccess({
      clock,
      token: config.clusterToken === null ? googleToken() : staticToken(config.clusterToken),
      clusters: lookUp,
    });
  });
  const kubernetes = async (): Promise<KubernetesPort> =>
    (await import('./adapters/kubernetes.ts')).createKubernetes({ access: await access(), clock });
  const models = async (): Promise<Ports['models']> =>
    (await import('./adapters/model-servers.ts')).createModelServers({ access: await access(), clock });
  return {
    kubernetes: deferredPort<Ports['kubernetes']>(kubernetes, {
      discover: true,
      get: true,
      list: true,
      create: true,
      jsonPatch: true,
      delete: true,
    }),
    models: deferredPort<Ports['models']>(models, { scrape: true, ask: true }),
  };
};

const googlePorts = (config: Config, clock: Clock, closers: Closers): Pick<Ports, 'gke' | 'monitoring'> => ({
  gke: deferredPort<Ports['gke']>(
    async () => {
      const gke = (await import('./adapters/gke.ts')).createGke({
        endpoint: config.gkeEndpoint ?? undefined,
        clock,
      });
      closers.push(() => gke.close());
      return gke;
    },
    {
      getNodePool: true,
      listNodePools: true,
      createNodePool: true,
      deleteNodePool: true,
      getOperation: true,
      listOperations: true,
    },
  ),
  monitoring: deferredPort<Ports['monitoring']>(
    async () => {
      const { createMonitoring } = await import('./adapters/monitoring.ts');
      const monitoring = createMonitoring({
        endpoint: config.monitoringEndpoint ?? undefined,
        alertsEndpoint: config.alertsEndpoint ?? undefined,
        auth: googleAuth(config.alertsEndpoint !== null),
        clock,
      });
      closers.push(() => monitoring.close());
      return monitoring;
    },
    { openIncidents: true, heartbeat: true },
  ),
});

const openShell = async (
  options: ComposeOptions,
  closers: Closers,
  trace: () => string | null,
): Promise<Shell> => {
  const { config, stopping, writeLog } = options;
  let clock: Clock | null = null;
  const log = createJsonLog({ write: writeLog, trace, nowMs: () => clock?.nowMs() ?? 0 });
  const opened = await openClock(options, closers, () => log);
  clock = opened;
  const [{ createShell }, { createTime }, { createChanges }, { createRestBus }] = [
    await import('./runtime/shell.ts'),
    await import('./adapters/time.ts'),
    await import('./adapters/changes.ts'),
    await import('./adapters/bus-rest.ts'),
  ];
  const store = await openStore(config, opened, closers);
  const changes = createChanges({ store, clock: opened, ...(stopping === undefined ? {} : { stopping }) });
  return createShell({
    versions: VERSIONS,
    instanceId: newInstanceId(),
    ports: {
      store,
      ...clusterPorts(config, opened, closers),
      ...googlePorts(config, opened, closers),
      bus: createRestBus({
        endpoint: config.bus,
        project: config.project,
        auth: googleAuth(isLoopback(config.bus)),
        clock: opened,
      }),
      time: createTime({ clock: opened, changes }),
      log,
    },
  });
};

/** Nothing is opened or loaded before the first call. */
export const compose = (options: ComposeOptions): Functions => {
  const { config, stopping } = options;
  const closers: Closers = [];
  const { traced, trace } = createTracing(config.project);
  const shell = once(() => openShell(options, closers, trace));
  const api = once(async () => (await import('./api.ts')).createApi(await shell()));
  const watch = once(async () => (await import('./watch.ts')).createWatch(await shell()));
  const onRequest = once(async () => (await import('./on-request.ts')).createOnRequest(await shell()));
  const onAlert = once(async () => (await import('./on-alert.ts')).createOnAlert(await shell()));
  const onTick = once(async () => (await import('./on-tick.ts')).createOnTick(await shell()));
  const onWake = once(async () => (await import('./on-wake.ts')).createOnWake(await shell()));
  return {
    api: async (request) => (await api())(request),
    watch: async (request, send) => (await watch())(request, send),
    onRequest: async (event) => (await onRequest())(event),
    onAlert: async (event) => (await onAlert())(event),
    onTick: async (event) => (await onTick())(event),
    onWake: async (event) => (await onWake())(event),
    principal: { principal: config.principal, trustsHeader: config.trustsPrincipalHeader },
    traced,
    stopping,
    preload: async () => {
      await import('./adapters/cluster-access.ts');
      await import('./adapters/kubernetes.ts');
      await import('./adapters/model-servers.ts');
      await import('./adapters/gke.ts');
      await import('./adapters/monitoring.ts');
      await shell();
    },
    close: async () => {
      for (const close of closers.splice(0).toReversed()) await close();
    },
  };
};
