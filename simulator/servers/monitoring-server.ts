import type { WorldHandlers } from '../world/handlers.ts';
import type { AlertPolicyParameters } from '../world/parameters.ts';
import { serviceOf } from './grpc-protos.ts';
import { type GrpcMethods, type GrpcReply, startGrpcServer } from './grpc-server.ts';
import type { HostedWorld, RunningServer } from './hosted-world.ts';

export interface MonitoringServerOptions {
  readonly port?: number;
  /** In place of the world's own, e.g. with faults. */
  readonly handlers?: WorldHandlers['monitoring'];
}

/** The one metric that somebody watches in the world. */
const HEARTBEAT = 'custom.googleapis.com/sluice/evaluated';
const PROJECT = /^projects\/[^/]+$/;

/** Of google.monitoring.v3.TimeSeries, what is read here. */
interface TimeSeries {
  readonly metric?: { readonly type?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly points?: readonly {
    readonly interval?: {
      readonly endTime?: { readonly seconds?: string | number; readonly nanos?: number };
    };
  }[];
}

const refused = (message: string): GrpcReply => ({ kind: 'error', code: 'INVALID_ARGUMENT', message });

const policyMessage = ({ name, displayName }: AlertPolicyParameters): object => ({
  name,
  displayName,
  combiner: 'OR',
  enabled: { value: true },
  conditions: [{ name: `${name}/conditions/1`, displayName }],
});

/** ListTimeSeries is missing: the world keeps what was counted, no series. */
const metricMethods = (monitoring: WorldHandlers['monitoring']): GrpcMethods => ({
  CreateTimeSeries({ name, timeSeries }) {
    const project = String(name);
    const series = (timeSeries ?? []) as readonly TimeSeries[];
    if (!PROJECT.test(project)) return refused(`Name "${project}" is not a project.`);
    if (series.length === 0) return refused('Field timeSeries had an invalid value: it is empty.');
    for (const { metric, points = [] } of series) {
      const endTime = points[0]?.interval?.endTime;
      if (points.length !== 1 || endTime === undefined)
        return refused(
          'Field timeSeries[0].points had an invalid value: one point with an end time is wanted.',
        );
      const rolloutId = metric?.labels?.['rollout_id'];
      if (metric?.type !== HEARTBEAT || rolloutId === undefined) continue;
      const atMs = Number(endTime.seconds ?? 0) * 1000 + Math.floor((endTime.nanos ?? 0) / 1_000_000);
      const heard = monitoring.heartbeat({ project, rolloutId, atMs }).value;
      if (heard.kind === 'noAnswer') return { kind: 'silence' };
    }
    return { kind: 'message', message: {} };
  },
});

const policyMethods = (policies: readonly AlertPolicyParameters[]): GrpcMethods => ({
  GetAlertPolicy({ name }) {
    const policy = policies.find((one) => one.name === name);
    return policy === undefined
      ? { kind: 'error', code: 'NOT_FOUND', message: `The requested entity was not found: ${String(name)}.` }
      : { kind: 'message', message: policyMessage(policy) };
  },
  ListAlertPolicies({ name }) {
    const own = policies.filter((policy) => policy.name.startsWith(`${String(name)}/`));
    return { kind: 'message', message: { alertPolicies: own.map(policyMessage), totalSize: own.length } };
  },
});

/** Cloud Monitoring by gRPC over the world: heartbeats are taken, alert policies are shown. */
export const startMonitoringServer = (
  { world, gate }: HostedWorld,
  options: MonitoringServerOptions = {},
): Promise<RunningServer> =>
  startGrpcServer({
    domain: 'monitoring.googleapis.com',
    gate: { server: 'monitoring', ask: gate },
    ...(options.port === undefined ? {} : { port: options.port }),
    services: [
      {
        definition: serviceOf('monitoring', 'google.monitoring.v3.MetricService'),
        methods: metricMethods(options.handlers ?? world.handlers().monitoring),
      },
      {
        definition: serviceOf('monitoring', 'google.monitoring.v3.AlertPolicyService'),
        methods: policyMethods(world.parameters.alertPolicies),
      },
    ],
  });
