/** From a rollout file to a queued rollout: one commit, idempotent by the request's id (protocol P6, P7). */

import { RetryableError } from '../../workflows/errors.ts';
import { poolKeyOf } from '../../workflows/plans/lock-keys.ts';
import { start } from '../../workflows/rollout/step.ts';
import type { RolloutDocument } from '../../workflows/rollout/stored.ts';
import { parseRolloutFile } from '../../workflows/spec/parse-rollout-file.ts';
import type { RolloutSpec } from '../../workflows/spec/rollout-spec.ts';
import { specToJson } from '../../workflows/spec/stored-spec.ts';
import type { Action, ActionResult } from './actions.ts';
import { commitOnce } from './advance.ts';
import { MANIFESTS } from './job.ts';
import type { Shell } from './shell.ts';

type StartAction = Extract<Action, { action: 'start' }>;

export type Started = ActionResult & { readonly document?: RolloutDocument };

const ATTEMPTS_MAX = 5;

/** Never writes anything but the new rollout. @throws RetryableError when the store is away. */
export const startRollout = async (
  shell: Shell,
  action: StartAction,
  principal: string,
  via: string,
): Promise<Started> => {
  const parsed = parseRolloutFile(action.file, action.fileName);
  if (parsed.kind === 'problems')
    return {
      status: 422,
      code: 'file-invalid',
      detail: `${parsed.problems.length} problems in ${action.fileName}`,
      rolloutId: null,
      problems: parsed.problems,
    };
  const { spec } = parsed;
  const poolKey = poolKeyOf(spec);
  let isUnsure = false;
  // A commit whose answer was lost may still land: then nobody may have been told that there is no rollout.
  const refused = (refusal: Started): Started => {
    if (!isUnsure) return refusal;
    throw new RetryableError('start-unsure', 'the store has not said whether it was started: ask once more');
  };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const known = await shell.ports.store.lookUpStart({
      name: spec.name,
      requestId: action.requestId,
      poolKey,
    });
    if (known.rolloutId !== null) return existing(shell, known.rolloutId);
    if (known.holder !== null && !action.queue) return refused(locked(spec, known.holder));
    const result = await commitStart(shell, { action, spec, poolKey, principal, via }, known);
    if (result === 'unsure') isUnsure = true;
    else if (result !== 'contended') return result.status < 400 ? result : refused(result);
  }
  return refused({
    status: 409,
    code: 'start-contended',
    detail: 'others keep starting rollouts of this name',
    rolloutId: null,
  });
};

const existing = async (shell: Shell, rolloutId: string): Promise<Started> => {
  const { document } = await shell.ports.store.load({ rolloutId });
  const done: ActionResult = {
    status: 200,
    code: 'started',
    detail: `${rolloutId} was started by this request before`,
    rolloutId,
  };
  return document === null ? done : { ...done, document };
};

const locked = (spec: RolloutSpec, holder: string): Started => ({
  status: 409,
  code: 'pool-locked',
  detail: `${holder} already works on ${sayTarget(spec)}; wait for it, or start with --queue`,
  rolloutId: null,
});

const sayTarget = ({ namespace, from, adapter }: RolloutSpec): string =>
  `${adapter === null ? '' : `adapter ${adapter.alias} of `}pool ${namespace}/${from.pool}`;

interface Ask {
  readonly action: StartAction;
  readonly spec: RolloutSpec;
  readonly poolKey: string;
  readonly principal: string;
  readonly via: string;
}

/** `contended`: somebody took the number; `unsure`: the answer was lost. Look again. */
const commitStart = async (
  shell: Shell,
  ask: Ask,
  known: { readonly nextNumber: number; readonly readAtMs: number },
): Promise<Started | 'contended' | 'unsure'> => {
  const { action, spec } = ask;
  const rolloutId = `${spec.name}-${known.nextNumber}`;
  const begun = start(
    {
      rolloutId,
      starter: ask.principal,
      queue: action.queue,
      expectedPlanHash: action.planHash,
      nowMs: known.readAtMs,
      specJson: specToJson(spec),
      poolKey: ask.poolKey,
      watches: spec.alerts.policies.map((policy) => policy.name),
    },
    {
      kind: 'started',
      messageId: `request/${action.requestId}`,
      origin: { principal: ask.principal, via: ask.via },
      rolloutId,
      expectedPlanHash: action.planHash,
      queue: action.queue,
    },
    shell.startVersion,
    shell.versions,
  );
  const document = { ...begun.document, lastCommitId: shell.nextCommitId() };
  const result = await commitOnce(shell, {
    expectedRevision: null,
    document,
    entries: [begun.entry],
    acquireLocks: begun.acquireLocks,
    requestId: action.requestId,
    attachments: { [MANIFESTS]: JSON.stringify(action.manifests) },
  });
  if (result === null) return 'unsure';
  if (result.kind === 'duplicateRequest') return existing(shell, result.rolloutId);
  if (result.kind === 'committed')
    return { status: 201, code: 'started', detail: `${rolloutId} is queued`, rolloutId, document };
  return result.kind === 'locked' ? locked(spec, result.holder) : 'contended';
};
