import { describe, test } from 'vitest';
import { sweep } from './sweep.ts';

describe('crash sweep', () => {
  test('alert: a crash before any port call changes nothing', () => sweep('alert', 'before'), 1_200_000);
});
