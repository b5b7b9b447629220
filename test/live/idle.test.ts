/**
 * A platform that has nothing to do: a real process in the world of a demo, its connections opened by a plan that was asked
 * for, and then hours of the world's time in which nobody wants anything. Ticks come each minute.
 */
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { readDemo } from '../../local/demo-input.ts';
import { demoWorld } from '../../local/demo-world.ts';
import { spawnPlatform } from '../../local/spawn-platform.ts';
import { startWorldHost } from '../../simulator/servers/world-host.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { canLook } from './process-sockets.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const HOURS = 3;
/** Virtual per real time: a tick every sixth of a second. */
const SPEED = 360;
const MIB = 1024 * 1024;
/** A heap that is collected soon: garbage that lies about is no leak. */
const HEAP = '--max-old-space-size=96 --max-semi-space-size=1';
const GROWTH_MAX_MIB = 12;

/** Resident memory of another process, bytes; null where nobody tells. Source: proc(5), VmRSS. */
const residentBytes = (pid: number): number | null => {
  if (!canLook) return null;
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
};

const demo = () => {
  const read = readDemo({ scenario: 'node-update' });
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  return read.value;
};

/** Messages that the bus was ever given. */
const messagesOn = (path: string): number => {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").get();
    return Number(row?.['seq'] ?? 0);
  } finally {
    database.close();
  }
};

test(`for ${HOURS} hours without a rollout it asks nothing of anybody, and its memory stays flat`, async () => {
  using folder = temporaryFolder();
  const input = demo();
  const host = await startWorldHost({
    world: demoWorld(input, { seed: 1, requestsPerSecond: 20 }),
    speed: SPEED,
  });
  try {
    const platform = await spawnPlatform({
      stateDir: folder.path,
      environment: { ...host.environment, NODE_OPTIONS: HEAP },
    });
    try {
      const { text, fileName, manifests } = input.rollout;
      const planned = await fetch(`${platform.apiUrl}/v1/plans`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ file: text, fileName, manifests }),
      });
      expect(planned.status).toBe(200);
      await planned.json();
      const asked = host.requests();
      expect([asked['kubernetes'], asked['gke']].every((count) => (count ?? 0) > 0)).toBe(true);
      // The first hour loads, compiles, and lets go of what the plan needed.
      await host.clock.wait(HOUR_MS);
      const bus = folder.at('bus.db');
      const before = { messages: messagesOn(bus), nowMs: host.clock.nowMs() };
      const memory = [residentBytes(platform.pid)];
      for (let hour = 0; hour < HOURS; hour += 1) {
        await host.clock.wait(HOUR_MS);
        memory.push(residentBytes(platform.pid));
      }
      const ticks = messagesOn(bus) - before.messages;
      const minutes = (host.clock.nowMs() - before.nowMs) / MINUTE_MS;
      const mib = memory.map((bytes) => (bytes ?? 0) / MIB);
      const grownMib = Math.max(...mib) - (mib[0] ?? 0);
      console.log(
        `idle: ${ticks} ticks in ${minutes.toFixed(1)} minutes, ${JSON.stringify(asked)} requests for the plan and ` +
          `none after it, resident ${mib.map((one) => one.toFixed(0)).join(', ')} MiB from hour to hour`,
      );
      expect(host.requests()).toEqual(asked);
      // The bus was given a tick each minute and nothing else.
      expect(Math.abs(ticks - minutes)).toBeLessThanOrEqual(1);
      if (!canLook) console.log('idle: no /proc here, so nobody looked at the memory');
      expect(grownMib).toBeLessThan(GROWTH_MAX_MIB);
    } finally {
      await platform.stop();
    }
  } finally {
    await host.close();
  }
}, 240_000);
