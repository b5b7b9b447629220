/** What the API says of rollouts: the part that is shown. A newer server may say more. */
import * as z from 'zod';

const percents = z.number().nullable();

export const rolloutViewSchema = z.object({
  rolloutId: z.string(),
  type: z.string(),
  cluster: z.string(),
  namespace: z.string(),
  from: z.string(),
  to: z.string(),
  state: z.string(),
  step: z.string().nullable().catch(null),
  hold: z.object({ sentence: z.string(), sinceMs: z.number(), deadlineMs: z.number() }).nullable(),
  ending: z.object({ reason: z.string(), sentence: z.string() }).nullable(),
  sharePercent: z.object({ asked: percents, written: percents, confirmed: percents }),
  rung: z.number(),
  ladder: z.array(z.object({ sharePercent: z.number() })),
  createdAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  nextAtMs: z.number().nullable(),
  journalSeq: z.number(),
});

export type RolloutView = z.infer<typeof rolloutViewSchema>;

export const rolloutListSchema = z.object({
  rollouts: z.array(
    z.object({
      rolloutId: z.string(),
      state: z.string(),
      poolKey: z.string(),
      createdAtMs: z.number(),
      finishedAtMs: z.number().nullable(),
    }),
  ),
  next: z.string().nullable(),
});

export type ListedRollout = z.infer<typeof rolloutListSchema>['rollouts'][number];
