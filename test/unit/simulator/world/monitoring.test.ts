import { describe, expect, test } from 'vitest';
import type { IncidentMessage } from '../../../../simulator/world/incident-message.ts';
import { createWorld, type World } from '../../../../simulator/world/world.ts';
import { aStack } from './a-stack.ts';
import { aWorld, CLUSTER, MINUTE, pass, SECOND } from './a-world.ts';

const POLICY = 'projects/acme/alertPolicies/42';

function messages(world: World): readonly (readonly [atMs: number, message: IncidentMessage])[] {
  const heard: (readonly [number, IncidentMessage])[] = [];
  world.onIncident((message) => heard.push([world.nowMs, message]));
  return heard;
}

const open = (world: World) =>
  world.handlers().monitoring.openIncidents({ project: 'projects/acme', policies: [POLICY] }).value;

describe('alerts', () => {
  test('an incident is seen by those who ask and told to those who listen, open and closed', () => {
    const world = createWorld({
      alertPolicies: [{ name: POLICY, displayName: 'llm 5xx', condition: null }],
      acts: [
        {
          when: { afterMs: MINUTE },
          act: {
            kind: 'incidentOpened',
            policy: POLICY,
            summary: 'Too many errors.',
            forMs: 10 * MINUTE,
            notifiedAfterMs: 20 * SECOND,
          },
        },
      ],
    });
    const heard = messages(world);
    const startMs = world.nowMs;
    expect(open(world)).toEqual({ kind: 'ok', incidents: [] });
    world.advanceTo(startMs + MINUTE);
    expect(open(world)).toMatchObject({
      incidents: [
        {
          state: 'open',
          policy: POLICY,
          policyDisplayName: 'llm 5xx',
          startedAtMs: startMs + MINUTE,
          endedAtMs: null,
          summary: 'Too many errors.',
        },
      ],
    });
    expect(heard).toEqual([]);
    world.advanceTo(startMs + 20 * MINUTE);
    expect(open(world)).toEqual({ kind: 'ok', incidents: [] });
    expect(heard.map(([atMs, { incident }]) => [atMs - startMs, incident.state, incident.ended_at])).toEqual([
      [80 * SECOND, 'open', null],
      [11 * MINUTE, 'closed', (startMs + 11 * MINUTE) / 1000],
    ]);
    expect(heard[0]?.[1]).toMatchObject({
      version: '1.2',
      incident: {
        scoping_project_id: 'acme',
        started_at: (startMs + MINUTE) / 1000,
        policy_name: 'llm 5xx',
        condition: { name: `${POLICY}/conditions/1` },
        observed_value: expect.any(String),
        threshold_value: expect.any(String),
      },
    });
    expect(heard[0]?.[1].incident.incident_id).toBe(heard[1]?.[1].incident.incident_id);
  });

  test('a policy on the error ratio fires once the metrics have come, and closes when they are good again', () => {
    const world = createWorld({
      stacks: [{ objects: aStack({ llm: 50, 'llm-new': 50 }) }],
      metricLagMs: 2 * MINUTE,
      alertPolicies: [
        {
          name: POLICY,
          displayName: 'llm-new 5xx',
          condition: {
            cluster: CLUSTER,
            namespace: 'default',
            pool: 'llm-new',
            ratioMax: 0.05,
            forMs: MINUTE,
            samplesMin: 100,
          },
        },
      ],
      acts: [
        {
          when: { afterMs: 10 * MINUTE },
          act: { kind: 'requestsFail', target: { pool: 'llm-new' }, share: 0.5, forMs: 3 * MINUTE },
        },
      ],
    });
    const heard = messages(world);
    const startMs = world.nowMs;
    world.advanceTo(startMs + 30 * MINUTE);
    const [opened, closed] = heard.map(([atMs, { incident }]) => [atMs - startMs, incident.state] as const);
    expect(heard).toHaveLength(2);
    expect(opened?.[1]).toBe('open');
    expect(opened?.[0]).toBeGreaterThan(12 * MINUTE);
    expect(opened?.[0]).toBeLessThanOrEqual(13 * MINUTE);
    expect(closed?.[1]).toBe('closed');
    expect(closed?.[0]).toBeGreaterThan(15 * MINUTE);
    expect(closed?.[0]).toBeLessThanOrEqual(16.5 * MINUTE);
  });

  test('incidents of other policies and projects are not told', () => {
    const world = createWorld();
    world.act({ kind: 'incidentOpened', policy: POLICY });
    const ask = (project: string, policy: string) =>
      world.handlers().monitoring.openIncidents({ project, policies: [policy] }).value;
    expect(ask('projects/acme', 'projects/acme/alertPolicies/43')).toEqual({ kind: 'ok', incidents: [] });
    expect(ask('projects/other', POLICY)).toEqual({ kind: 'ok', incidents: [] });
    expect(ask('projects/acme', POLICY)).toMatchObject({ incidents: [{ policy: POLICY }] });
  });
});

describe('the heartbeat', () => {
  test('five minutes without one raise an alarm, which says whether traffic was divided', () => {
    const world = aWorld({ llm: 75, 'llm-new': 25 });
    const beat = (): void => {
      world.handlers().monitoring.heartbeat({ project: 'projects/acme', rolloutId: 'r1', atMs: world.nowMs });
    };
    for (let minute = 0; minute < 10; minute++) {
      beat();
      pass(world, MINUTE);
    }
    const lastHeartbeatMs = world.nowMs - MINUTE;
    expect(world.truth().alarms).toEqual([]);
    pass(world, 4 * MINUTE - 1);
    expect(world.truth().alarms).toEqual([]);
    pass(world, 1);
    expect(world.truth().alarms).toEqual([
      { rolloutId: 'r1', lastHeartbeatMs, atMs: lastHeartbeatMs + 5 * MINUTE, split: true },
    ]);
  });
});
