import { describe, expect, test } from 'vitest';
import { createOnTick } from '../../../functions/on-tick.ts';
import { createShell } from '../../../functions/runtime/shell.ts';
import { storePort } from '../../../simulator/ports/store-port.ts';
import { createWorldStore } from '../../../simulator/world/store.ts';
import type { CloudEvent } from '../../../workflows/door-types.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { storeFailure } from '../../../workflows/rollout/store-failure.ts';
import { VERSIONS } from '../../../workflows/rollout/versions.ts';
import { aDocument } from '../../helpers/stored-records.ts';

const NOW_MS = 1_772_442_000_000;

const TICK = { id: '1', data: { message: { data: '' } } } as unknown as CloudEvent;

/** Rollouts that are due, a clock that moves with each publication, and what was published. */
const aTick = async (rollouts: number, onPublish: (ports: Ports, rolloutId: string) => Promise<void>) => {
  let nowMs = NOW_MS;
  const world = createWorldStore({ clock: () => nowMs });
  const store = storePort(world, (code, message) => storeFailure(code as never, message));
  for (let index = 0; index < rollouts; index += 1) {
    const rolloutId = `llm-${index}`;
    const document = aDocument({ rolloutId, wakeAtMs: NOW_MS - rollouts + index, journalSeq: 0 });
    await store.commit({ expectedRevision: null, document, entries: [] });
  }
  const published: string[] = [];
  let atOnce = 0;
  let atOnceMax = 0;
  const ports = {
    store,
    log: () => undefined,
    bus: {
      publish: async ({ message }: { message: { data: { rolloutId: string } } }) => {
        const { rolloutId } = message.data;
        published.push(rolloutId);
        nowMs += 1;
        atOnce += 1;
        atOnceMax = Math.max(atOnceMax, atOnce);
        await onPublish(ports, rolloutId);
        atOnce -= 1;
        return { kind: 'ok' };
      },
    },
  } as unknown as Ports;
  await createOnTick(createShell({ ports, versions: VERSIONS, instanceId: 'p0' }))(TICK);
  return { published, atOnceMax };
};

const idle = async (): Promise<void> => undefined;

describe('a tick', () => {
  test('wakes each rollout that is due, over all pages, the longest due first', async () => {
    const { published } = await aTick(250, idle);
    expect(published).toEqual(Array.from({ length: 250 }, (_, index) => `llm-${index}`));
  });

  test('wakes nobody where nobody is due', async () => {
    expect((await aTick(0, idle)).published).toEqual([]);
  });

  test('publishes several wakes at once, but not a whole fleet', async () => {
    const { atOnceMax } = await aTick(250, idle);
    expect(atOnceMax).toBeGreaterThan(1);
    expect(atOnceMax).toBeLessThanOrEqual(10);
  });

  test('a rollout that commits while others are published is woken once, and none is missed', async () => {
    const { published } = await aTick(250, async (ports, rolloutId) => {
      // The wake before this one is still at work, here and on a rollout that this tick has not come to yet.
      const later = `llm-${Number(rolloutId.slice(4)) + 150}`;
      for (const one of [rolloutId, later]) {
        const { document, readAtMs } = await ports.store.load({ rolloutId: one });
        if (document === null) continue;
        const next = { ...document, revision: document.revision + 1, wakeAtMs: readAtMs };
        await ports.store.commit({ expectedRevision: document.revision, document: next, entries: [] });
      }
    });
    expect(published.toSorted()).toEqual(
      Array.from({ length: 250 }, (_, index) => `llm-${index}`).toSorted(),
    );
  });
});
