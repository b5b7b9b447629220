import type { Notice } from '../../rollout/messages.ts';

/** A tripwire that tripped: the same shape from minutes and from bursts. */
export type Tripped = Extract<Notice, { kind: 'tripped' }>;
