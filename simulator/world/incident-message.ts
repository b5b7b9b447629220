import type { Incident } from '../../workflows/rollout/stored.ts';

/** What Cloud Monitoring publishes for an incident, field by field as captured from a real channel. */
export interface IncidentMessage {
  readonly version: string;
  readonly incident: {
    readonly incident_id: string;
    readonly scoping_project_id: string;
    readonly scoping_project_number: number;
    readonly url: string;
    /** Seconds since 1970. */
    readonly started_at: number;
    readonly ended_at: number | null;
    /** In capitals in a test message. */
    readonly state: 'open' | 'closed' | 'OPEN';
    readonly severity: string;
    readonly summary: string;
    readonly observed_value: string;
    readonly threshold_value: string;
    readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
    readonly resource_id: string;
    readonly resource_name: string;
    readonly resource_display_name: string;
    readonly resource_type_display_name: string;
    readonly metric: {
      readonly type: string;
      readonly displayName: string;
      readonly labels: Readonly<Record<string, string>>;
    };
    readonly metadata: {
      readonly system_labels: Readonly<Record<string, string>>;
      readonly user_labels: Readonly<Record<string, string>>;
    };
    readonly policy_name: string;
    readonly condition_name: string;
    readonly condition: {
      readonly name: string;
      readonly displayName: string;
      readonly conditionThreshold: Readonly<Record<string, unknown>>;
    };
    /** A plain text in a test message. */
    readonly documentation:
      | string
      | { readonly content: string; readonly mime_type: string; readonly subject: string };
  };
}

export function incidentMessage(incident: Incident): IncidentMessage {
  const project = incident.policy.split('/')[1] ?? '';
  const name = incident.policyDisplayName;
  const closed = incident.state === 'closed';
  return {
    version: '1.2',
    incident: {
      incident_id: incident.incidentId,
      scoping_project_id: project,
      scoping_project_number: 365415247865,
      url: `https://console.cloud.google.com/monitoring/alerting/alerts/${incident.incidentId}?channelType=cloud-pubsub&project=${project}`,
      started_at: Math.floor(incident.startedAtMs / 1000),
      ended_at: incident.endedAtMs === null ? null : Math.floor(incident.endedAtMs / 1000),
      state: incident.state,
      severity: 'Error',
      summary: incident.summary,
      observed_value: '0.070',
      threshold_value: '0.05',
      resource: { type: 'prometheus_target', labels: { project_id: project } },
      resource_id: '',
      resource_name: '',
      resource_display_name: '',
      resource_type_display_name: 'Prometheus Target',
      metric: {
        type: 'prometheus.googleapis.com/http_requests_total/counter',
        displayName: 'http_requests_total',
        labels: {},
      },
      metadata: { system_labels: {}, user_labels: {} },
      policy_name: name,
      condition_name: name,
      condition: {
        name: `${incident.policy}/conditions/1`,
        displayName: name,
        conditionThreshold: { comparison: 'COMPARISON_GT', duration: '60s', trigger: { count: 1 } },
      },
      documentation: {
        content: '',
        mime_type: 'text/markdown',
        subject: `[${closed ? 'RESOLVED' : 'ALERT'} - Error] ${name}`,
      },
    },
  };
}

/** What the button "send test notification" publishes: an incident that never was. */
export function testMessage(project: string): IncidentMessage {
  const name = 'Test Policy';
  const { version: _, incident } = incidentMessage({
    incidentId: '12345',
    state: 'open',
    policy: `${project}/alertPolicies/12345`,
    policyDisplayName: name,
    startedAtMs: 0,
    endedAtMs: 0,
    summary: 'Test Incident',
  });
  return {
    version: 'test',
    incident: {
      ...incident,
      scoping_project_id: '12345',
      scoping_project_number: 12345,
      state: 'OPEN',
      observed_value: '1.0',
      threshold_value: '0.5',
      documentation: 'Test documentation',
    },
  };
}
