/** I8, of alerts: one that arrives while a rollout which names its policy has moved traffic is in that rollout's journal. */
import type { Order, Seen, SeenSent, Violation } from '../seen.ts';
import { clearMs, eventsOf, ratesOf } from './faults.ts';
import { type Life, livesOf } from './lives.ts';
import { raises } from './routes.ts';
import { timelineOf } from './timeline.ts';
import { span } from './words.ts';

/** How long the rollout must have gone on in a world without faults: deliveries, and a poll each minute. */
const CLEAR_MS = 6 * 60_000;

/** And how long whatever happened: 5 minutes on the way, then pauses between deliveries of up to 10 minutes. */
const ANYHOW_MS = 60 * 60_000;

/** Full name of the policy that an alert is about; null: a test, or nothing of ours. */
export const policyOf = ({ body }: SeenSent): string | null =>
  typeof body['condition'] === 'string' ? (body['condition'].split('/conditions/')[0] ?? null) : null;

/** When the product first gave the order's new side any traffic; null: it never did. */
export const trafficSinceMs = (seen: Seen, order: Order): number | null =>
  timelineOf(seen)
    .routeWrites(order.rolloutId ?? '')
    .find((write) => raises(write, order).length > 0)?.atMs ?? null;

const isMissing = (seen: Seen, life: Life, alert: SeenSent): boolean => {
  const { order } = life;
  const policy = policyOf(alert);
  if (order === undefined || policy === null || !order.policies.includes(policy)) return false;
  const sinceMs = trafficSinceMs(seen, order);
  if (sinceMs === null || sinceMs > alert.atMs || Number.isFinite(life.restoredAtMs)) return false;
  const untilMs = Math.min(life.end?.atMs ?? seen.endMs, seen.endMs);
  if (untilMs <= alert.atMs) return false;
  const wentOnMs = untilMs - alert.atMs;
  const clear = clearMs({ fromMs: alert.atMs, toMs: untilMs }, [...eventsOf(seen), ...ratesOf(seen)]);
  if (wentOnMs < ANYHOW_MS && clear < CLEAR_MS) return false;
  const messageId = `incident/${alert.id}`;
  return !life.entries.some((entry) => entry.message.messageId === messageId);
};

/** Alerts that a rollout should have heard of and did not. */
export const checkAlerts = (seen: Seen): readonly Violation[] => {
  const timeline = timelineOf(seen);
  const givenUp = timeline.of('givenUp').filter(({ topic }) => topic === 'alerts');
  return timeline.of('sent').flatMap((alert) => {
    if (alert.action !== 'alert') return [];
    const incidentId = alert.id.replace(/\/[^/]*$/u, '');
    if (givenUp.some(({ text }) => text.includes(incidentId))) return [];
    return livesOf(seen)
      .filter((life) => isMissing(seen, life, alert))
      .map((life) => ({
        rule: 'I8' as const,
        atMs: alert.atMs,
        rolloutId: life.rolloutId,
        sentence: `alert ${alert.id} never came to the journal, though the rollout went on for ${span(
          Math.min(life.end?.atMs ?? seen.endMs, seen.endMs) - alert.atMs,
        )}`,
      }));
  });
};
