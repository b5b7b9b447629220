import { describe, expect, test } from 'vitest';
import { createPlatform, type PlatformOptions } from '../../../../simulator/scheduler/platform.ts';
import { NO_PLATFORM_FAULTS } from '../../../../simulator/scheduler/platform-faults.ts';
import type { CloudEvent, Doors } from '../../../../workflows/door-types.ts';
import type { Ports } from '../../../../workflows/ports.ts';
import { doors, get, START_MS, standIn } from './stand-ins.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NO_FAULTS = { ...NO_PLATFORM_FAULTS, delayMaxMs: 1_000 };

function platformOf(
  shell: (ports: Ports, process: string) => Partial<Doors>,
  options: Partial<PlatformOptions> = {},
) {
  const stand = standIn();
  const platform = createPlatform({
    scheduler: stand.scheduler,
    seed: 1,
    ticks: false,
    boot: (ports, { index, incarnation }) => doors(shell(ports, `p${index}.${incarnation}`)),
    ...options,
  });
  return { ...stand, platform };
}

/** Notes each delivery as `process id +seconds`. */
function notes(scheduler: { nowMs: number }) {
  const list: string[] = [];
  const note = (process: string, event: CloudEvent): void => {
    const seconds = Math.round((scheduler.nowMs - START_MS) / 1_000);
    list.push(`${process} ${event.id} +${seconds}`);
  };
  return { list, note };
}

const request = { method: 'GET', path: '/v1/x', query: {}, headers: {}, body: undefined, principal: 'me' };

test('a message arrives as the CloudEvent of Pub/Sub', async () => {
  const seen: CloudEvent[] = [];
  const { platform, scheduler } = platformOf(() => ({ onAlert: async (event) => void seen.push(event) }), {
    project: 'acme',
  });
  platform.publish('alerts', '{"version":"1.2","incident":{}}', { a: 'b' });
  expect(await scheduler.run({ untilMs: START_MS + MINUTE_MS })).toBe('idle');
  const time = new Date(START_MS).toISOString();
  expect(seen).toEqual([
    {
      specversion: '1.0',
      type: 'google.cloud.pubsub.topic.v1.messagePublished',
      source: '//pubsub.googleapis.com/projects/acme/topics/alerts',
      id: '1',
      time,
      datacontenttype: 'application/json',
      data: {
        subscription: 'projects/acme/subscriptions/alerts',
        message: {
          data: Buffer.from('{"version":"1.2","incident":{}}').toString('base64'),
          attributes: { a: 'b' },
          messageId: '1',
          publishTime: time,
        },
      },
    },
  ]);
});

describe('topics', () => {
  test('ticks come on each full minute', async () => {
    const at: number[] = [];
    const { scheduler } = platformOf(
      (ports) => ({
        onTick: async (event) => {
          at.push(Date.parse(event.time), await ports.time.now({}));
        },
      }),
      { ticks: true },
    );
    await scheduler.run({ untilMs: START_MS + 150_000 });
    expect(at.map((ms) => ms - START_MS)).toEqual([60_000, 60_030, 120_000, 120_030]);
  });

  test('what is published to `wakes` goes to its door with its id, what goes to `events` is collected', async () => {
    const seen: unknown[] = [];
    const { platform, scheduler } = platformOf((ports) => ({
      onRequest: async () => {
        await ports.bus.publish({ topic: 'wakes', message: { id: 'w1', data: { rolloutId: 'r' } } });
        await ports.bus.publish({ topic: 'events', message: { id: 'e1', data: {}, attributes: { x: 'y' } } });
      },
      onWake: async ({ data: { message } }) => {
        seen.push([JSON.parse(Buffer.from(message.data, 'base64').toString()), message.attributes]);
      },
    }));
    platform.publish('requests', '{}');
    await scheduler.run({ untilMs: START_MS + MINUTE_MS });
    expect(seen).toEqual([[{ rolloutId: 'r' }, { id: 'w1' }]]);
    expect(platform.events).toEqual([
      {
        atMs: START_MS + 50,
        process: 'p0.1',
        message: { id: 'e1', data: {}, attributes: { x: 'y' } },
      },
    ]);
  });

  test('the world’s incidents go to the alert door', async () => {
    let tell: (payload: string) => void = () => {};
    const seen: string[] = [];
    const { clock, scheduler } = platformOf(
      () => ({
        onAlert: async ({ data }) => void seen.push(`${data.message.data} +${clock.nowMs - START_MS}`),
      }),
      {
        onIncident: (listener) => {
          tell = listener;
        },
      },
    );
    clock.schedule(START_MS + 7_000, () => tell('"x"'));
    await scheduler.run({ untilMs: START_MS + MINUTE_MS });
    expect(seen).toEqual([`${Buffer.from('"x"').toString('base64')} +7030`]);
  });
});

describe('a refused message', () => {
  test('comes again with the same id after growing pauses, until it is acknowledged', async () => {
    const at: string[] = [];
    const { platform, scheduler } = platformOf(() => ({
      onRequest: async (event) => {
        at.push(`${event.id} +${Math.round((scheduler.nowMs - START_MS) / 1_000)}`);
        if (at.length < 9) throw new Error('not now');
      },
    }));
    platform.publish('requests', '{}');
    expect(await scheduler.run({ untilMs: START_MS + DAY_MS })).toBe('idle');
    const pauses = [0, 10, 20, 40, 80, 160, 320, 600, 600];
    let sum = 0;
    expect(at).toEqual(pauses.map((pause) => `1 +${(sum += pause)}`));
    expect(platform.counts).toMatchObject({ delivered: 9, nacked: 8, acked: 1 });
  });

  const givenUp = { wakes: [5, 0, 1], ticks: [5, 0, 1], requests: [20, 1, 0], alerts: [100, 1, 0] } as const;
  for (const [topic, [attempts, deadLetters, dropped]] of Object.entries(givenUp)) {
    test(`of ${topic} is given up after ${attempts} attempts`, async () => {
      let count = 0;
      const refuse = async (): Promise<void> => {
        count++;
        throw new Error('never');
      };
      const { platform, scheduler } = platformOf(() => ({
        onRequest: refuse,
        onAlert: refuse,
        onTick: refuse,
        onWake: refuse,
      }));
      platform.publish(topic as keyof typeof givenUp, '{}');
      expect(await scheduler.run({ untilMs: START_MS + 30 * DAY_MS })).toBe('idle');
      expect([count, platform.deadLetters.length, platform.counts.dropped]).toEqual([
        attempts,
        deadLetters,
        dropped,
      ]);
    });
  }

  test('that became a dead letter can be driven again, under another id', async () => {
    const seen: string[] = [];
    let broken = true;
    const { platform, scheduler } = platformOf(() => ({
      onRequest: async ({ id, data }) => {
        if (broken) throw new Error('broken');
        seen.push(`${id} ${data.message.data}`);
      },
    }));
    platform.publish('requests', '{"n":1}');
    await scheduler.run({ untilMs: START_MS + 30 * DAY_MS });
    broken = false;
    expect([seen, platform.deadLetters.map(({ attempts }) => attempts)]).toEqual([[], [20]]);
    expect(platform.redrive()).toBe(1);
    await scheduler.run({ untilMs: START_MS + 31 * DAY_MS });
    expect([seen, platform.deadLetters]).toEqual([[`2 ${Buffer.from('{"n":1}').toString('base64')}`], []]);
  });
});

describe('an invocation that outlives its deadline', () => {
  for (const [topic, deadlineS] of [
    ['wakes', 90],
    ['alerts', 600],
  ] as const) {
    test(`is made again after ${deadlineS} s (${topic}), and its late end changes nothing`, async () => {
      const { list, note } = notes({
        get nowMs() {
          return scheduler.nowMs;
        },
      });
      let ended = 0;
      const slow = (ports: Ports, process: string) => async (event: CloudEvent) => {
        note(process, event);
        if (list.length === 1) await ports.time.wait({ ms: 2_000_000 });
        ended++;
      };
      const { platform, scheduler } = platformOf((ports, process) => ({
        onWake: slow(ports, process),
        onAlert: slow(ports, process),
      }));
      platform.publish(topic, '{}');
      await scheduler.run({ untilMs: START_MS + DAY_MS });
      expect(list).toEqual(['p0.1 1 +0', `p0.1 1 +${deadlineS + 10}`]);
      expect([ended, platform.counts.acked, platform.counts.expired]).toEqual([2, 1, 1]);
    });
  }
});

describe('processes', () => {
  test('a crash gives the message to the next incarnation', async () => {
    const stand: { crash: () => void } = { crash: () => {} };
    const { list, note } = notes({
      get nowMs() {
        return scheduler.nowMs;
      },
    });
    const { platform, scheduler } = platformOf((ports, process) => ({
      onRequest: async (event) => {
        note(process, event);
        await ports.time.wait({ ms: 3_000 });
      },
    }));
    stand.crash = () => platform.processes[0]?.crash();
    platform.publish('requests', '{}');
    scheduler.at(START_MS + 1_000, () => stand.crash());
    await scheduler.run({ untilMs: START_MS + DAY_MS });
    expect(list).toEqual(['p0.1 1 +0', 'p0.2 1 +11']);
    expect(platform.counts).toMatchObject({ delivered: 2, lost: 1, acked: 1 });
  });

  test('without a live process a message waits, and no attempt is used up', async () => {
    const { list, note } = notes({
      get nowMs() {
        return scheduler.nowMs;
      },
    });
    const { platform, scheduler } = platformOf(
      (_, process) => ({ onWake: async (event) => note(process, event) }),
      { restartAfterMs: 30 * MINUTE_MS },
    );
    platform.processes[0]?.crash();
    expect(platform.processes).toEqual([]);
    platform.publish('wakes', '{}');
    await scheduler.run({ untilMs: START_MS + DAY_MS });
    expect(list).toEqual(['p0.2 1 +1800']);
    expect(platform.counts).toMatchObject({ delivered: 1, acked: 1, dropped: 0 });
  });

  test('several take turns; each boots its own doors, with its own clock', async () => {
    const seen: string[] = [];
    const { platform, scheduler } = platformOf(
      (ports, process) => ({
        onWake: async () => void seen.push(`${process} ${(await ports.time.now({})) - scheduler.nowMs}`),
      }),
      { instances: 2, skewMs: ({ index }) => index * -45_000 },
    );
    for (let n = 0; n < 4; n++) platform.publish('wakes', '{}');
    await scheduler.run({ untilMs: START_MS + MINUTE_MS });
    expect(seen).toEqual(['p0.1 0', 'p1.1 -45000', 'p0.1 0', 'p1.1 -45000']);
  });

  test('a frozen one’s messages go to another after their deadline, and it finishes its own when it thaws', async () => {
    const { list, note } = notes({
      get nowMs() {
        return scheduler.nowMs;
      },
    });
    const { platform, scheduler } = platformOf(
      (_, process) => ({ onWake: async (event) => note(process, event) }),
      { instances: 2 },
    );
    platform.processes[0]?.freezeUntil(START_MS + 3_600_000);
    platform.publish('wakes', '{}');
    await scheduler.run({ untilMs: START_MS + DAY_MS });
    expect(list).toEqual(['p1.1 1 +100', 'p0.1 1 +3600']);
  });
});

describe('the API', () => {
  test('answers what the door answers', async () => {
    const { platform, scheduler } = platformOf((ports) => ({
      api: async ({ path }) => {
        const found = await ports.kubernetes.get(get('a'));
        return { status: 200, headers: {}, body: { path, found } };
      },
    }));
    const response = await scheduler.settle(platform.call(request), { untilMs: START_MS + MINUTE_MS });
    expect(response).toEqual({
      status: 200,
      headers: {},
      body: { path: '/v1/x', found: { kind: 'answer', status: 404 } },
    });
  });

  test('answers 500 when the door throws, 503 when its process dies, and waits where there is none', async () => {
    const { platform, scheduler } = platformOf((ports, process) => ({
      api: async ({ path }) => {
        if (path === '/throws') throw new Error('broken');
        await ports.time.wait({ ms: 100 });
        return { status: 200, headers: {}, body: process };
      },
    }));
    const limits = { untilMs: START_MS + MINUTE_MS };
    const thrown = await scheduler.settle(platform.call({ ...request, path: '/throws' }), limits);
    scheduler.at(scheduler.nowMs + 50, () => platform.processes[0]?.crash());
    const lost = await scheduler.settle(platform.call(request), limits);
    const waited = await scheduler.settle(platform.call(request), limits);
    expect([thrown, lost, waited].map(({ status, body }) => [status, body])).toEqual([
      [500, { status: 500, title: 'Error: broken' }],
      [503, { status: 503, title: 'connection lost' }],
      [200, 'p0.2'],
    ]);
  });
});

describe('faults of delivery', () => {
  const arrivals = async (faults: Partial<typeof NO_FAULTS>, seed: number): Promise<string[]> => {
    const seen: string[] = [];
    const { platform, scheduler } = platformOf(
      () => ({
        onRequest: async ({ id, data }) => {
          const text = Buffer.from(data.message.data, 'base64').toString();
          seen.push(`${text}${id} +${Math.round((scheduler.nowMs - START_MS) / DAY_MS)}`);
        },
      }),
      { seed, faults: { ...NO_FAULTS, ...faults } },
    );
    for (const n of ['1', '2', '3']) platform.publish('requests', n);
    await scheduler.run({ untilMs: START_MS + 3 * DAY_MS });
    return seen;
  };

  test('duplicates come under new ids', async () => {
    const seen = await arrivals({ duplicated: 1 }, 1);
    expect(seen.toSorted().map((text) => text.charAt(0))).toEqual(['1', '1', '2', '2', '3', '3']);
    expect(new Set(seen).size).toBe(6);
  });

  test('messages overtake each other', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 60; seed++) orders.add((await arrivals({ delayed: 0.7 }, seed)).join());
    expect(orders.size).toBe(6);
  });

  test('replays come a day late, once', async () => {
    expect(await arrivals({ dayLate: 1 }, 1)).toEqual(['11 +0', '22 +0', '33 +0', '14 +1', '25 +1', '36 +1']);
  });

  test('ticks are lost and doubled, or stop for a while', async () => {
    const ticks = async (faults: Partial<typeof NO_FAULTS>, silentMs: number): Promise<number> => {
      let count = 0;
      const { platform, scheduler } = platformOf(
        () => ({
          onTick: async () => {
            count++;
          },
        }),
        { ticks: true, faults: { ...NO_FAULTS, ...faults } },
      );
      platform.stopTicksUntil(START_MS + silentMs);
      await scheduler.run({ untilMs: START_MS + 600_500 });
      return count;
    };
    expect(await ticks({}, 0)).toBe(10);
    expect(await ticks({ tickLost: 1 }, 0)).toBe(0);
    expect(await ticks({ tickDoubled: 1 }, 0)).toBe(20);
    expect(await ticks({}, 5 * MINUTE_MS + 1)).toBe(5);
  });
});
