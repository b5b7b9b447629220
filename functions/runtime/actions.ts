/** What people and pipelines may ask for, by the API or by a message: one schema for both. */
import * as z from 'zod';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { soundManifest } from '../../workflows/plans/sound-manifest.ts';

const reason = z.string().max(500).default('');
/** Also a key of the store: nothing else may come that far. */
export const rolloutIdSchema = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?$/);
const rolloutId = rolloutIdSchema;
const requestId = z.string().min(1).max(200);

const manifest = z.unknown().transform((value, context): KubeObject => {
  const read = soundManifest(value);
  if (read.kind === 'ok') return read.object;
  context.addIssue({ code: 'custom', message: read.what });
  return z.NEVER;
});

/** Objects of `source: manifests`. Preflight and the API server judge the rest; without a name there is nothing to judge. */
export const manifestsSchema = z.array(manifest).max(200).default([]);

export const actionSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('start'),
    requestId,
    /** The rollout file's text. */
    file: z.string(),
    fileName: z.string().max(500).default('rollout.yaml'),
    manifests: manifestsSchema,
    /** Only if the cluster still gives this plan. */
    planHash: z.string().nullable().default(null),
    /** Wait for the pool instead of being refused. */
    queue: z.boolean().default(false),
  }),
  z.strictObject({
    action: z.literal('pause'),
    requestId,
    rolloutId,
    generation: z.int().positive(),
    reason,
  }),
  z.strictObject({
    action: z.literal('resume'),
    requestId,
    rolloutId,
    generation: z.int().positive(),
    holdId: z.string().nullable().default(null),
    drift: z.enum(['adopt', 'reapply']).nullable().default(null),
  }),
  z.strictObject({ action: z.literal('approve'), requestId, rolloutId, stepEntry: z.string() }),
  z.strictObject({
    action: z.literal('skip'),
    requestId,
    rolloutId,
    stepEntry: z.string(),
    reason: z.string().min(1).max(500),
  }),
  z.strictObject({ action: z.literal('finish'), requestId, rolloutId, stepEntry: z.string() }),
  z.strictObject({
    action: z.literal('rollback'),
    requestId,
    rolloutId,
    reason,
    force: z.boolean().default(false),
  }),
  z.strictObject({ action: z.literal('abandon'), requestId, rolloutId, reason: z.string().min(1).max(500) }),
  z.strictObject({
    action: z.literal('freeze'),
    requestId,
    reason: z.string().min(1).max(500),
    untilMs: z.number().nullable().default(null),
  }),
  z.strictObject({ action: z.literal('unfreeze'), requestId }),
]);

export type Action = z.infer<typeof actionSchema>;

/** What became of an action; `status` is the HTTP status that the API answers. */
export interface ActionResult {
  readonly status: 200 | 201 | 202 | 400 | 404 | 409 | 422;
  /** Stable, for scripts: `started`, `applied`, `refused`, `pool-locked`, … */
  readonly code: string;
  readonly detail: string;
  readonly rolloutId: string | null;
  readonly problems?: readonly unknown[];
}
