/** I8: every accepted message is applied once or refused with a reason, however it is delivered. */
import type { Checker } from '../seen.ts';
import { checkAlerts } from './i08-alerts.ts';
import { checkJournals } from './i08-journal.ts';
import { checkRequests } from './i08-requests.ts';

export const appliedOnce: Checker = (seen) => [
  ...checkRequests(seen),
  ...checkJournals(seen),
  ...checkAlerts(seen),
];
