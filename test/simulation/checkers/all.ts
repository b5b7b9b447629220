/** Every checker, by the invariant that it speaks for. */
import type { Checker, Rule } from '../seen.ts';
import { noWriteToNothing } from './i01-no-write-to-nothing.ts';
import { withinRungAndCapacity } from './i02-within-rung-and-capacity.ts';
import { growthIsEarned } from './i03-growth-is-earned.ts';
import { rollbackIsAbsorbing } from './i04-rollback-is-absorbing.ts';
import { oldSideUntouched } from './i05-old-side-untouched.ts';
import { finalIsFinal } from './i06-final-is-final.ts';
import { onePerPool } from './i07-one-per-pool.ts';
import { appliedOnce } from './i08-applied-once.ts';
import { closedList } from './i09-closed-list.ts';
import { everythingEnds } from './i10-everything-ends.ts';
import { nothingDelaysRollback } from './i11-nothing-delays-rollback.ts';
import { removedOnlyWhenDrained } from './i13-removed-only-when-drained.ts';
import { wayBackProved } from './i14-way-back-proved.ts';
import { originalsRestored } from './i15-originals-restored.ts';
import { nobodyLooksAlarm } from './i16-nobody-looks-alarm.ts';

export const CHECKERS: readonly { readonly rule: Rule; readonly checker: Checker }[] = [
  { rule: 'I1', checker: noWriteToNothing },
  { rule: 'I2', checker: withinRungAndCapacity },
  { rule: 'I3', checker: growthIsEarned },
  { rule: 'I4', checker: rollbackIsAbsorbing },
  { rule: 'I5', checker: oldSideUntouched },
  { rule: 'I6', checker: finalIsFinal },
  { rule: 'I7', checker: onePerPool },
  { rule: 'I8', checker: appliedOnce },
  { rule: 'I9', checker: closedList },
  { rule: 'I10', checker: everythingEnds },
  { rule: 'I11', checker: nothingDelaysRollback },
  { rule: 'I13', checker: removedOnlyWhenDrained },
  { rule: 'I14', checker: wayBackProved },
  { rule: 'I15', checker: originalsRestored },
  { rule: 'I16', checker: nobodyLooksAlarm },
];
