/** I3: a share grows only after a full bake with passed gates, an approval where one is asked for, and within a window. */
import type { Checker } from '../seen.ts';
import { askedAndInTime } from './i03-asked-and-in-time.ts';
import { fullBakeBeforeGrowth } from './i03-full-bake-before-growth.ts';

export const growthIsEarned: Checker = (seen) => [...fullBakeBeforeGrowth(seen), ...askedAndInTime(seen)];
