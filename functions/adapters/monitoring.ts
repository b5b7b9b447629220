import { AlertPolicyServiceClient, MetricServiceClient } from '@google-cloud/monitoring';
import type { GkeAnswer, MonitoringPort } from '../../workflows/ports.ts';
import type { TokenProvider } from './cluster-access-token.ts';
import { createGoogleCaller, type GoogleClientOptions } from './gke-call.ts';
import { readOpenIncidents } from './monitoring-alerts.ts';

export interface MonitoringOptions extends GoogleClientOptions {
  /** `http(s)://HOST[:PORT]`, for open incidents over REST. Absent: Google's. */
  readonly alertsEndpoint?: string | null | undefined;
  /** For open incidents; gRPC has the application default credentials. null: none. */
  readonly auth: TokenProvider | null;
}

/** What can be said of an alert policy before a rollout relies on it. */
export interface AlertPolicy {
  /** As the API has it; the project may be a number where it was asked for by id. */
  readonly name: string;
  readonly displayName: string;
  /** null: the API does not say. */
  readonly enabled: boolean | null;
  readonly userLabels: Readonly<Record<string, string>>;
}

export interface Monitoring extends MonitoringPort {
  /**
   * One request. NOT_FOUND: there is no such policy (any more).
   * @param name `projects/P/alertPolicies/ID`
   */
  alertPolicy(call: { readonly name: string }): Promise<GkeAnswer<AlertPolicy>>;
  /** Ends the connections. A call after it opens others. */
  close(): Promise<void>;
}

const ALERTS_ENDPOINT = 'https://monitoring.googleapis.com';
const TIMEOUT_MS = 10_000;

/** Whether a rollout is still looked after: a policy for its absence watches it (I16). */
export const HEARTBEAT_METRIC = 'custom.googleapis.com/sluice/evaluated';

/**
 * Refusals of a point that mean: a newer one is there, or one a moment older. Two wakes of a rollout overlap, so both beat;
 * the absence is watched over minutes.
 */
const ALREADY_BEATEN = /written more frequently than|must be written in order|older end time/i;

const projectName = (project: string): string =>
  project.startsWith('projects/') ? project : `projects/${project}`;

const heartbeatOf = (project: string, rolloutId: string, atMs: number) => ({
  name: projectName(project),
  timeSeries: [
    {
      metric: { type: HEARTBEAT_METRIC, labels: { rollout_id: rolloutId } },
      resource: { type: 'global', labels: { project_id: projectName(project).slice('projects/'.length) } },
      metricKind: 'GAUGE' as const,
      valueType: 'INT64' as const,
      points: [
        {
          interval: { endTime: { seconds: Math.floor(atMs / 1000), nanos: (atMs % 1000) * 1_000_000 } },
          value: { int64Value: 1 },
        },
      ],
    },
  ],
});

/** Cloud Monitoring; one attempt per call, and every outcome a value. Source: google.monitoring.v3. */
export const createMonitoring = (options: MonitoringOptions): Monitoring => {
  const { alertsEndpoint, auth, clock, timeoutMs = TIMEOUT_MS } = options;
  const metrics = createGoogleCaller((settings) => new MetricServiceClient(settings), {
    ...options,
    timeoutMs,
  });
  const policies = createGoogleCaller((settings) => new AlertPolicyServiceClient(settings), {
    ...options,
    timeoutMs,
  });
  return {
    openIncidents: (call) =>
      readOpenIncidents({ endpoint: alertsEndpoint ?? ALERTS_ENDPOINT, auth, clock, timeoutMs }, call),
    async heartbeat({ project, rolloutId, atMs }) {
      const request = heartbeatOf(project, rolloutId, Math.floor(atMs));
      const answer = await metrics.call((client, settings) => client.createTimeSeries(request, settings));
      if (answer.kind === 'ok') return { kind: 'ok' };
      if (answer.kind === 'noAnswer') return answer;
      return ALREADY_BEATEN.test(answer.message)
        ? { kind: 'ok' }
        : { kind: 'noAnswer', why: `heartbeat refused: ${answer.code}: ${answer.message}` };
    },
    async alertPolicy({ name }) {
      const answer = await policies.call((client, settings) => client.getAlertPolicy({ name }, settings));
      if (answer.kind !== 'ok') return answer;
      const { name: stored, displayName, enabled, userLabels } = answer.value;
      return {
        kind: 'ok',
        value: {
          name: stored ?? name,
          displayName: displayName ?? '',
          enabled: enabled?.value ?? null,
          userLabels: userLabels ?? {},
        },
      };
    },
    async close() {
      metrics.close();
      policies.close();
    },
  };
};
