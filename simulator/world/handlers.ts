import type { GkePort, KubernetesPort, ModelServersPort, MonitoringPort } from '../../workflows/ports.ts';

/** What a call came to: the answer, and how long after the application it arrives. */
export interface Handled<V> {
  readonly value: V;
  readonly tookMs: number;
}

/** A port whose methods apply at once and say when their answer arrives. */
export type Handlers<P> = {
  readonly [M in keyof P]: P[M] extends (call: infer C) => Promise<infer V> ? (call: C) => Handled<V> : never;
};

/** The world's side of the ports that reach it. */
export interface WorldHandlers {
  readonly kubernetes: Handlers<KubernetesPort>;
  readonly models: Handlers<ModelServersPort>;
  readonly gke: Handlers<GkePort>;
  readonly monitoring: Handlers<MonitoringPort>;
}
