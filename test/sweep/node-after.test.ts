import { describe, test } from 'vitest';
import { sweep } from './sweep.ts';

describe('crash sweep', () => {
  test('node: a crash after any port call changes nothing', () => sweep('node', 'after'), 1_200_000);
});
