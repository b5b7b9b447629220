import { expect } from 'vitest';
import { aLeftover, anIncident } from '../../helpers/stored-records.ts';
import { type Case, create } from './store-bench.ts';

export const registryCases: readonly Case[] = [
  [
    'an incident is new once',
    async ({ port }) => {
      expect(await port.recordIncident({ incident: anIncident() })).toEqual({ isNew: true });
      expect(await port.recordIncident({ incident: anIncident() })).toEqual({ isNew: false });
      expect(await port.registry({ sinceMs: 0 })).toEqual({ incidents: [anIncident()], freeze: null });
    },
  ],
  [
    'closing is news, and what is kept is closed',
    async ({ port }) => {
      const closed = anIncident({ state: 'closed', endedAtMs: 2_000 });
      await port.recordIncident({ incident: anIncident() });
      expect(await port.recordIncident({ incident: closed })).toEqual({ isNew: true });
      expect(await port.recordIncident({ incident: closed })).toEqual({ isNew: false });
      expect(await port.recordIncident({ incident: anIncident() })).toEqual({ isNew: false });
      expect((await port.registry({ sinceMs: 0 })).incidents).toEqual([closed]);
    },
  ],
  [
    'an opening that arrives after the closing is news once, and stays closed',
    async ({ port }) => {
      const closed = anIncident({ state: 'closed', endedAtMs: 2_000 });
      expect(await port.recordIncident({ incident: closed })).toEqual({ isNew: true });
      expect(await port.recordIncident({ incident: anIncident() })).toEqual({ isNew: true });
      expect(await port.recordIncident({ incident: anIncident() })).toEqual({ isNew: false });
      expect(await port.recordIncident({ incident: closed })).toEqual({ isNew: false });
      expect((await port.registry({ sinceMs: 0 })).incidents).toEqual([closed]);
    },
  ],
  [
    'the registry goes by start or by receipt, whichever is later, in the order of starts',
    async ({ port, setNow }) => {
      const incident = (incidentId: string, startedAtMs: number) => anIncident({ incidentId, startedAtMs });
      setNow(5_000);
      await port.recordIncident({ incident: incident('old', 1_000) });
      setNow(9_000);
      await port.recordIncident({ incident: incident('late', 2_000) });
      await port.recordIncident({ incident: incident('old', 1_000) });
      setNow(5_500);
      await port.recordIncident({ incident: incident('future', 9_500) });
      const since = async (sinceMs: number) =>
        (await port.registry({ sinceMs })).incidents.map(({ incidentId }) => incidentId);
      expect(await since(0)).toEqual(['old', 'late', 'future']);
      expect(await since(5_000)).toEqual(['old', 'late', 'future']);
      expect(await since(5_001)).toEqual(['late', 'future']);
      expect(await since(9_000)).toEqual(['late', 'future']);
      expect(await since(9_001)).toEqual(['future']);
      expect(await since(9_501)).toEqual([]);
      setNow(20_000);
      await port.recordIncident({
        incident: { ...incident('old', 1_000), state: 'closed', endedAtMs: 19_000 },
      });
      expect(await since(20_000)).toEqual(['old']);
    },
  ],
  [
    'a freeze is in force until it is lifted',
    async ({ port }) => {
      const freeze = { reason: 'Holidays', by: 'ana@acme.dev', sinceMs: 1, untilMs: null };
      await port.setFreeze({ freeze });
      expect((await port.registry({ sinceMs: 0 })).freeze).toEqual(freeze);
      await port.setFreeze({ freeze: { ...freeze, untilMs: 99 } });
      expect((await port.registry({ sinceMs: 0 })).freeze).toEqual({ ...freeze, untilMs: 99 });
      await port.setFreeze({ freeze: null });
      await port.setFreeze({ freeze: null });
      expect((await port.registry({ sinceMs: 0 })).freeze).toBeNull();
    },
  ],
  [
    'a rejected message is kept once, as it first came',
    async ({ port, rejected }) => {
      const first = { id: 'x', atMs: 1, door: 'on-alert', reason: 'malformed', text: '{' };
      await port.recordRejected({ rejected: first });
      await port.recordRejected({ rejected: { ...first, atMs: 2 } });
      await port.recordRejected({ rejected: { ...first, id: 'y' } });
      expect(rejected()).toEqual([first, { ...first, id: 'y' }]);
    },
  ],
  [
    'leftovers come with a commit or alone, by due time, those without one last',
    async ({ port, setNow }) => {
      const keep = aLeftover({ id: 'a', dueAtMs: null });
      await create(port, {}, { leftovers: [keep, aLeftover({ id: 'b', dueAtMs: 9_000 })] });
      await port.putLeftover({ id: 'c', leftover: aLeftover({ id: 'c', dueAtMs: 5_000 }) });
      setNow(5_000);
      const all = await port.leftovers({ dueOnly: false });
      expect(all.leftovers.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
      expect(all.leftovers[2]).toEqual(keep);
      expect(await port.leftovers({ dueOnly: true })).toEqual({
        leftovers: [aLeftover({ id: 'c', dueAtMs: 5_000 })],
        readAtMs: 5_000,
      });
      setNow(4_999);
      expect((await port.leftovers({ dueOnly: true })).leftovers).toEqual([]);
    },
  ],
  [
    'a leftover is replaced by its id, and removed by null',
    async ({ port }) => {
      await port.putLeftover({ id: 'left-1', leftover: aLeftover() });
      await port.putLeftover({ id: 'left-1', leftover: aLeftover({ attemptedAtMs: 7, dueAtMs: 1 }) });
      expect((await port.leftovers({ dueOnly: false })).leftovers).toEqual([
        aLeftover({ attemptedAtMs: 7, dueAtMs: 1 }),
      ]);
      await port.putLeftover({ id: 'left-1', leftover: null });
      await port.putLeftover({ id: 'never', leftover: null });
      expect((await port.leftovers({ dueOnly: false })).leftovers).toEqual([]);
    },
  ],
];
