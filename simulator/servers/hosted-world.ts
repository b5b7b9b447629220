import type { World } from '../world/world.ts';
import type { Gate } from './gate.ts';

/**
 * A world that runs by itself, for servers. A server translates: it calls the world synchronously, at the present, and
 * answers. It adds no delay for the way: that takes real time already. Only what the world says a model server needs for
 * a completion, and silence (a server that hangs, a control plane that is away), is waited for in virtual time.
 */
export interface HostedWorld {
  readonly world: World;
  /** Resolves after `ms` of virtual time, or when aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** A request that a caller may hold the clock for is about to wait for virtual time: nobody shall hold it meanwhile. */
  letGo?(): void;
  /** Asked about each call of GKE's, Monitoring's and the clusters' APIs. */
  readonly gate?: Gate | undefined;
}

/** A server that listens on loopback. */
export interface RunningServer {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** Requests that were answered or are under way. */
  readonly requests: () => number;
  /** Ends all connections, watches and streams included, and stops listening. */
  close(): Promise<void>;
}
