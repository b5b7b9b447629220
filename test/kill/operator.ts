/** Somebody who pauses the rollout for a moment: the pause is a message of the bus, what follows are requests to the API. */
import type { WorldHost } from '../../simulator/servers/world-host.ts';
import { readState } from '../../workflows/rollout/read-state.ts';
import type { RolloutDocument } from '../../workflows/rollout/stored.ts';
import type { Recorder } from '../simulation/recorder/recorder.ts';
import type { Victim } from './victim.ts';

export interface OperatorOptions {
  readonly victim: Victim;
  readonly recorder: Recorder;
  readonly clock: WorldHost['clock'];
  /** As it was last read. */
  readonly document: () => RolloutDocument | null;
}

/** People need a moment, virtual. */
const LOOK_MS = 30_000;
const PRINCIPAL = 'operator@example.com';

/** Pauses at `atMs` and takes the pause back, as often as it takes. Resolves when there is nothing left to do. */
export const pauseForAWhile = async (options: OperatorOptions, atMs: number): Promise<void> => {
  const { victim, recorder, clock, document } = options;
  await clock.wait(atMs - clock.nowMs());
  const paused = document();
  if (paused === null || paused.finishedAtMs !== null) return;
  const { rolloutId } = paused;
  const sent = (via: 'api' | 'requests', action: string, id: string, body: object): object => {
    const told = { requestId: id, ...body };
    recorder.add({ kind: 'sent', atMs: recorder.nowMs, via, id, action, rolloutId, body: told });
    return told;
  };
  const pause = sent('requests', 'pause', 'pause', {
    rolloutId,
    generation: readState(paused).context.pauseGeneration + 1,
    reason: 'a look first',
  });
  await victim.publish('requests', { action: 'pause', ...pause }, { principal: PRINCIPAL });
  for (let look = 1; ; look += 1) {
    await clock.wait(LOOK_MS);
    const now = document();
    if (now === null || now.finishedAtMs !== null) return;
    const { context } = readState(now);
    if (context.hold?.reason !== 'operator') {
      if (context.pauseGeneration > 0) return;
      continue;
    }
    const id = `resume-${look}`;
    const generation = context.pauseGeneration + 1;
    const body = sent('api', 'resume', id, { generation, holdId: context.hold.id });
    const answer = await victim.ask(`/v1/rollouts/${rolloutId}/resume`, body);
    if (answer === null) return;
    const { code = '' } = answer.body as { readonly code?: string };
    recorder.add({ kind: 'answer', atMs: recorder.nowMs, id, status: answer.status, code });
  }
};
