import { describe, test } from 'vitest';
import { sweep } from './sweep.ts';

describe('crash sweep', () => {
  test('alert: a crash after any port call changes nothing', () => sweep('alert', 'after'), 1_200_000);
});
