import { describe, expect, test } from 'vitest';
import { sweep } from './sweep.ts';

describe('crash sweep', () => {
  test('alert: a crash before any port call changes nothing', async () => {
    const { golden, calls, wrong } = await sweep('alert', 'before');

    expect(golden).toBe('rolledBack');
    expect(calls).toBeGreaterThan(500);
    expect(wrong).toEqual([]);
  }, 1_200_000);
});
