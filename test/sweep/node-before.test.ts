import { describe, test } from 'vitest';
import { sweep } from './sweep.ts';

describe('crash sweep', () => {
  test('node: a crash before any port call changes nothing', () => sweep('node', 'before'), 1_200_000);
});
