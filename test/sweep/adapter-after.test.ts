import { describe, expect, test } from 'vitest';
import { sweep } from './sweep.ts';

describe('crash sweep', () => {
  test('adapter: a crash after any port call changes nothing', async () => {
    const { golden, calls, wrong } = await sweep('adapter', 'after');

    expect(golden).toBe('promoted');
    expect(calls).toBeGreaterThan(500);
    expect(wrong).toEqual([]);
  }, 1_200_000);
});
