import type { Incident } from '../../workflows/rollout/stored.ts';
import type { Backends } from './backends.ts';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import { type IncidentMessage, incidentMessage, testMessage } from './incident-message.ts';
import type { AlertPolicyParameters } from './parameters.ts';
import { hash32 } from './random.ts';
import { tallied } from './tally.ts';
import type { Traffic } from './traffic.ts';

/** Cloud Monitoring: alert policies, their incidents and notifications, and the heartbeats of rollouts. */
export interface Monitoring {
  open(policy: string, options?: { readonly summary?: string; readonly notifiedAfterMs?: number }): Incident;
  /** Closes the open incidents of a policy. */
  close(policy: string): void;
  /** A notification of nothing, as the channel's test button sends it. */
  test(project: string): void;
  /** Open incidents of the named policies. */
  openIncidents(policies: readonly string[]): readonly Incident[];
  readonly incidents: readonly Incident[];
  onIncident(listener: (message: IncidentMessage) => void): void;
  heartbeat(rolloutId: string, atMs: number): void;
  readonly alarms: readonly AbsenceAlarm[];
}

/** Outside Sluice: a rollout was evaluated, and then for five minutes it was not. */
export interface AbsenceAlarm {
  readonly rolloutId: string;
  readonly lastHeartbeatMs: number;
  readonly atMs: number;
  /** Whether the gateways split the traffic of any rule at that time. */
  readonly split: boolean;
}

const ABSENCE_MS = 5 * 60_000;
/** How often policies are evaluated. Source: Cloud Monitoring, evaluation interval of PromQL conditions. */
const EVALUATION_MS = 30_000;

interface Hub {
  readonly engine: Engine;
  readonly incidents: Incident[];
  readonly listeners: ((message: IncidentMessage) => void)[];
}

function displayNameOf(hub: Hub, policy: string): string {
  const known = hub.engine.parameters.alertPolicies.find(({ name }) => name === policy);
  return known?.displayName ?? policy.split('/').at(-1) ?? policy;
}

function notify(hub: Hub, incident: Incident, delayMs: number): void {
  hub.engine.after(delayMs, () => {
    tell(hub, incidentMessage(incident));
  });
}

function tell(hub: Hub, message: IncidentMessage): void {
  for (const listener of hub.listeners) listener(message);
}

function open(
  hub: Hub,
  policy: string,
  options: { summary?: string; notifiedAfterMs?: number } = {},
): Incident {
  const now = hub.engine.now();
  const incident: Incident = {
    incidentId: `0.${hash32(`${policy}/${now}/${hub.incidents.length}`).toString(36)}`,
    state: 'open',
    policy,
    policyDisplayName: displayNameOf(hub, policy),
    startedAtMs: now,
    endedAtMs: null,
    summary: options.summary ?? `${displayNameOf(hub, policy)} is firing.`,
  };
  hub.incidents.push(incident);
  notify(hub, incident, options.notifiedAfterMs ?? 0);
  return incident;
}

function close(hub: Hub, policy: string): void {
  hub.incidents.forEach((incident, index) => {
    if (incident.policy !== policy || incident.state === 'closed') return;
    const closed: Incident = { ...incident, state: 'closed', endedAtMs: hub.engine.now() };
    hub.incidents[index] = closed;
    notify(hub, closed, 0);
  });
}

interface Watched {
  readonly traffic: Traffic;
  readonly backends: Backends;
  readonly clusters: ReadonlyMap<string, Cluster>;
}

/** The policy looks back over its window, at what the metric store shows: the past. */
function evaluate(hub: Hub, policy: AlertPolicyParameters, { traffic, backends, clusters }: Watched): void {
  const { condition } = policy;
  const cluster = clusters.get(condition?.cluster ?? '');
  if (condition === null || cluster === undefined) return;
  traffic.settle();
  const until = hub.engine.now() - hub.engine.parameters.metricLagMs;
  const pool = backends.of(cluster, 'InferencePool', condition.namespace, condition.pool);
  const { requests, failed5xx } = tallied(pool.tally, until - condition.forMs, until);
  const firing = requests >= condition.samplesMin && failed5xx > condition.ratioMax * requests;
  const isOpen = hub.incidents.some(({ policy: name, state }) => name === policy.name && state === 'open');
  if (firing && !isOpen) open(hub, policy.name, { summary: `${failed5xx} of ${requests} requests failed.` });
  if (!firing && isOpen && requests >= condition.samplesMin) close(hub, policy.name);
}

export function createMonitoring(engine: Engine, watched: Watched, isSplit: () => boolean): Monitoring {
  const hub: Hub = { engine, incidents: [], listeners: [] };
  const alarms: AbsenceAlarm[] = [];
  const lastHeartbeats = new Map<string, number>();
  const watch = (policy: AlertPolicyParameters): void => {
    engine.after(EVALUATION_MS, () => {
      evaluate(hub, policy, watched);
      watch(policy);
    });
  };
  for (const policy of engine.parameters.alertPolicies) if (policy.condition !== null) watch(policy);
  return {
    open: (policy, options) => open(hub, policy, options),
    close: (policy) => close(hub, policy),
    test: (project) => tell(hub, testMessage(project)),
    openIncidents: (policies) =>
      hub.incidents.filter(({ policy, state }) => state === 'open' && policies.includes(policy)),
    incidents: hub.incidents,
    onIncident(listener) {
      hub.listeners.push(listener);
    },
    heartbeat(rolloutId, atMs) {
      const now = engine.now();
      const waiting = lastHeartbeats.has(rolloutId);
      lastHeartbeats.set(rolloutId, now);
      if (waiting) return;
      // One timer per rollout: when it fires, it either finds newer heartbeats or reports their absence.
      const check = (): void => {
        const last = lastHeartbeats.get(rolloutId) ?? atMs;
        if (engine.now() - last < ABSENCE_MS) {
          engine.at(last + ABSENCE_MS, check);
          return;
        }
        lastHeartbeats.delete(rolloutId);
        alarms.push({ rolloutId, lastHeartbeatMs: last, atMs: engine.now(), split: isSplit() });
      };
      engine.at(now + ABSENCE_MS, check);
    },
    alarms,
  };
}
