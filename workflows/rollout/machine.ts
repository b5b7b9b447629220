/**
 * The statechart of a rollout: structure only. Guards, delays, updates and effects are named here and live in files
 * of their own. Two regions: `progress`, and beside it `attention` (running or held), because a hold must not lose
 * what lands meanwhile (protocol P7). No invoked actors: work is an effect whose outcome comes back as an event.
 */
import { raise, setup } from 'xstate';
import {
  initialContext,
  type RolloutContext,
  type RolloutInput,
  rungPercent,
  targetPercent,
} from './context.ts';
import { delays } from './delays.ts';
import type { Effect } from './effects.ts';
import type { RolloutEvent } from './events.ts';
import { guards } from './guards.ts';
import {
  type Args,
  confirmRemovalEffect,
  confirmRollbackEffect,
  deletionOfCreated,
  driftHold,
  driftPage,
  effect,
  failOn,
  fenceEffect,
  forcedRollback,
  hold,
  inconclusiveHold,
  keepingState,
  keptPage,
  objectivesBack,
  objectivesWithMajority,
  page,
  reassertOn,
  refusedHold,
  rollBackEffect,
  suspendOn,
  trippedHold,
  updateActions,
} from './machine-parts.ts';

export const rolloutMachine = setup({
  types: {
    context: {} as RolloutContext,
    events: {} as RolloutEvent,
    input: {} as RolloutInput,
  },
  guards: guards as unknown as Record<keyof typeof guards, (args: Args) => boolean>,
  delays: delays as unknown as Record<keyof typeof delays, (args: Args) => number>,
  actions: {
    ...updateActions,
    /** Decoded by `step`; never executed. */
    effect: (_args: Args, _params: Effect | null) => undefined,
    /** Tells `step` to void the effects of the step that is left. */
    clearWork: () => undefined,
    raiseHold: raise((_args: Args, params: Omit<Extract<RolloutEvent, { type: 'holdBegun' }>, 'type'>) => ({
      type: 'holdBegun' as const,
      ...params,
    })),
    raiseResumed: raise(({ context, event }: Args) => ({
      type: 'resumed' as const,
      adopt: event.type === 'command.resume' && event.command.drift === 'adopt',
      reapply: event.type === 'command.resume' && event.command.drift === 'reapply',
      restart: context.hold?.reason === 'drift' || context.hold?.reason === 'inconclusive',
    })),
    raiseExpired: raise(({ context }: Args) => ({
      type: 'holdExpired' as const,
      sentence: context.hold?.sentence ?? 'no reason kept',
    })),
    raiseCleared: raise({ type: 'holdCleared' as const }),
    raiseEnded: raise({ type: 'ended' as const }),
  },
}).createMachine({
  id: 'rollout',
  type: 'parallel',
  context: ({ input }) => initialContext(input),
  options: { maxIterations: 100 },
  on: { objectivesMoved: { actions: 'objectivesMoved' } },
  states: {
    progress: {
      initial: 'preparing',
      states: {
        preparing: {
          initial: 'queued',
          on: failOn,
          states: {
            queued: {
              entry: [
                'clearWork',
                'enterStep',
                effect(({ event }) => ({
                  kind: 'awaitTurn',
                  behind: event.type === 'locksTaken' ? event.outcome.key : null,
                })),
              ],
              on: { queueOpen: 'preflight', locksTaken: { target: 'queued', reenter: true } },
              after: { queueDeadline: { target: '#failed', actions: 'endByQueueTimeout' } },
            },
            preflight: {
              entry: ['clearWork', 'enterStep', effect(() => ({ kind: 'makePlan' }))],
              on: {
                planned: [
                  { guard: 'planHashDiffers', target: '#failed', actions: 'endByChangedPlan' },
                  { target: 'deploying', actions: 'takePlan' },
                ],
                refused: { target: '#failed', actions: 'endByEvent' },
                locksTaken: 'queued',
              },
              after: { preflightDeadline: { target: '#failed', actions: 'endByDeadline' } },
            },
            deploying: {
              entry: ['clearWork', 'enterStep', effect(() => ({ kind: 'createObjects', stage: 'cheap' }))],
              on: { objectsCreated: { target: 'provisioning', actions: 'rememberObjects' } },
              after: { deployDeadline: { target: '#failing', actions: 'endByDeadline' } },
            },
            provisioning: {
              initial: 'deciding',
              after: { provisionDeadline: { target: '#failing', actions: 'endByDeadline' } },
              states: {
                deciding: {
                  always: [{ guard: 'hasNodePool', target: 'buying' }, { target: 'loading' }],
                },
                buying: {
                  entry: [
                    'clearWork',
                    'enterStep',
                    'nameNodePool',
                    effect(({ context }) => ({
                      kind: 'createNodePool',
                      attempt: context.nodePoolAttempts,
                      nodePool: context.nodePool ?? '',
                    })),
                  ],
                  on: {
                    nodePoolCreated: { target: 'loading', actions: 'learnOfNodes' },
                    nodePoolFailed: { target: '#failing', actions: ['learnOfNodes', 'endByEvent'] },
                  },
                },
                loading: {
                  entry: [
                    'clearWork',
                    'enterStep',
                    effect(() => ({ kind: 'createObjects', stage: 'workload' })),
                  ],
                  on: { objectsCreated: { target: 'waiting', actions: 'rememberObjects' } },
                },
                waiting: {
                  entry: ['clearWork', 'enterStep', effect(() => ({ kind: 'awaitNewSide' }))],
                  on: { newSideReady: '#verifying' },
                },
              },
            },
            verifying: {
              id: 'verifying',
              entry: ['clearWork', 'enterStep', effect(() => ({ kind: 'verifyPods' }))],
              on: {
                verified: '#moving',
                verifyFailed: { target: '#failing', actions: 'endByEvent' },
              },
              after: { verifyDeadline: { target: '#failing', actions: 'endByDeadline' } },
            },
          },
        },

        moving: {
          id: 'moving',
          initial: 'shifting',
          on: {
            'command.rollback': { target: '#rollingBack', actions: 'endByEvent' },
            'command.abandon': { target: '#failed', actions: 'endAbandoned' },
            alerted: { guard: 'alertCounts', target: '#rollingBack', actions: 'endByEvent' },
            tripped: { guard: 'tripsRollback', target: '#rollingBack', actions: 'endByEvent' },
            observed: [
              { guard: 'tripsRollback', target: '#rollingBack', actions: ['takeEvidence', 'endByEvent'] },
              { guard: 'tripsHold', target: '#shifting.suspended', actions: ['takeEvidence', trippedHold] },
              { actions: 'takeEvidence' },
            ],
          },
          states: {
            shifting: {
              id: 'shifting',
              initial: 'choosing',
              on: suspendOn,
              after: { overallDeadline: { target: '#rollingBack', actions: 'endByDeadline' } },
              states: {
                choosing: {
                  always: [
                    { guard: 'isHeldByPeople', target: 'suspended' },
                    { guard: 'needsApproval', target: 'approving' },
                    { guard: 'isWindowClosed', target: 'waitingForWindow' },
                    { target: 'proving' },
                  ],
                },
                approving: {
                  entry: [
                    'clearWork',
                    'enterStep',
                    page(
                      'approval-wanted',
                      (context) =>
                        `${context.rolloutId} waits for an approval before ${targetPercent(context)} %`,
                    ),
                  ],
                  on: {
                    'command.approve': { target: 'choosing', actions: 'approve' },
                    // A pause here loses nothing: an approval that lands while held is kept.
                    'command.pause': {},
                  },
                  after: { approvalDeadline: { target: '#rollingBack', actions: 'endByApproval' } },
                },
                waitingForWindow: {
                  // What stood in the way before is asked for again when it opens.
                  entry: ['clearWork', 'enterStep', 'raiseCleared'],
                  after: { windowOpens: 'choosing' },
                },
                proving: {
                  entry: [
                    'clearWork',
                    'enterStep',
                    effect(({ context }) => ({
                      kind: 'proveWayBack',
                      sharePercent: targetPercent(context),
                      rung: context.rung,
                      provenNeeded: context.rung < 0 ? 'attach' : 'growth',
                    })),
                  ],
                  on: {
                    wayBackProved: 'writing',
                    wayBackRefused: { target: 'blocked', actions: refusedHold },
                  },
                },
                blocked: { entry: ['clearWork'], after: { recheck: 'choosing' } },
                writing: {
                  entry: [
                    'clearWork',
                    'enterStep',
                    'bumpFence',
                    'askForShare',
                    effect(({ context }) => ({
                      kind: 'setWeights',
                      sharePercent: targetPercent(context),
                      reapply: context.reapply,
                    })),
                    objectivesWithMajority,
                  ],
                  on: {
                    weightsWritten: { target: 'confirming', actions: 'shareWritten' },
                    wayBackRefused: { target: 'blocked', actions: refusedHold },
                  },
                },
                confirming: {
                  entry: [
                    'clearWork',
                    'enterStep',
                    effect(({ context }) => ({
                      kind: 'confirmWeights',
                      sharePercent: targetPercent(context),
                    })),
                  ],
                  on: { weightsConfirmed: { target: 'confirmed', actions: 'shareConfirmed' } },
                  after: {
                    confirmDeadline: {
                      target: 'suspended',
                      actions: hold(
                        'confirmation',
                        () => 'the gateway has not confirmed the weights within 10 minutes',
                      ),
                    },
                  },
                },
                confirmed: {
                  always: [
                    { guard: 'isAttaching', target: 'choosing', actions: 'advanceRung' },
                    { guard: 'isFullShare', target: '#soaking' },
                    { guard: 'isAdoptedAtNothing', target: 'choosing', actions: 'leaveAdopted' },
                    { target: 'baking' },
                  ],
                },
                baking: {
                  entry: ['enterStep', 'startBake'],
                  exit: 'stopBake',
                  on: {
                    'command.skip': [
                      { guard: 'isAdopted', target: 'choosing', actions: 'leaveAdopted' },
                      { target: 'choosing', actions: 'advanceRung' },
                    ],
                  },
                  after: { bake: 'judging' },
                },
                judging: {
                  entry: 'judgeRung',
                  always: [
                    { guard: 'hasFailed', target: '#rollingBack', actions: 'endByJudge' },
                    { guard: 'passedAdopted', target: 'choosing', actions: 'leaveAdopted' },
                    { guard: 'hasPassed', target: 'choosing', actions: 'advanceRung' },
                    { guard: 'canExtend', target: 'baking', actions: 'extendBake' },
                    { target: 'suspended', actions: inconclusiveHold },
                  ],
                },
                suspended: {
                  entry: ['clearWork', 'enterStep', 'bumpFence', fenceEffect],
                  on: {
                    // Already suspended: a further cause only changes the hold.
                    'command.pause': {},
                    drifted: [
                      { guard: 'routeStaysGone', target: '#rollingBack', actions: 'endByEvent' },
                      { actions: driftHold },
                    ],
                    // A tripwire that would hold finds it held.
                    observed: [
                      {
                        guard: 'tripsRollback',
                        target: '#rollingBack',
                        actions: ['takeEvidence', 'endByEvent'],
                      },
                      { actions: 'takeEvidence' },
                    ],
                    resumed: [
                      { guard: 'wantsAdoption', target: 'adopting' },
                      { target: 'choosing', actions: 'restartIfAsked' },
                    ],
                  },
                },
                adopting: {
                  entry: [
                    'clearWork',
                    'enterStep',
                    effect(({ context }) => ({ kind: 'adoptDrift', atMostPercent: rungPercent(context) })),
                  ],
                  on: {
                    adopted: { target: 'choosing', actions: ['adoptRules', 'restartBake'] },
                    adoptRefused: {
                      target: 'suspended',
                      actions: hold('drift', ({ event }) =>
                        event.type === 'adoptRefused' ? event.outcome.sentence : '',
                      ),
                    },
                  },
                },
              },
            },

            soaking: {
              id: 'soaking',
              initial: 'watching',
              on: suspendOn,
              states: {
                watching: {
                  entry: ['clearWork', 'enterStep', 'startBake'],
                  exit: 'stopBake',
                  on: { 'command.skip': '#retaining' },
                  after: { bake: 'judging' },
                },
                judging: {
                  entry: 'judgeRung',
                  always: [
                    { guard: 'hasFailed', target: '#rollingBack', actions: 'endByJudge' },
                    { guard: 'hasPassed', target: '#retaining' },
                    { guard: 'canExtend', target: 'watching', actions: 'extendBake' },
                    { target: '#shifting.suspended', actions: inconclusiveHold },
                  ],
                },
              },
            },

            retaining: {
              id: 'retaining',
              entry: ['clearWork', 'enterStep'],
              on: {
                drifted: { target: '#shifting.suspended', actions: driftHold },
                'command.finish': { target: '#retaining', reenter: true, actions: 'askToFinish' },
                // Nothing grows any more: a pause only keeps the old side from being retired.
                'command.pause': {},
              },
              after: { retention: '#retiring' },
            },
          },
        },

        retiring: {
          id: 'retiring',
          initial: 'detaching',
          on: { 'command.abandon': { target: '#failed', actions: 'endAbandoned' } },
          after: { retireDeadline: { target: '#promoted', actions: 'retirementOverdue' } },
          states: {
            detaching: {
              entry: [
                'clearWork',
                'enterStep',
                'bumpFence',
                effect(() => ({ kind: 'removeRefs', side: 'old' })),
              ],
              on: {
                refsRemoved: 'confirming',
                drifted: { target: 'blocked', actions: [driftPage, 'blockRetirement'] },
                wayBackRefused: 'blocked',
              },
            },
            blocked: { entry: 'clearWork', after: { retireRecheck: 'detaching' } },
            confirming: {
              entry: ['clearWork', 'enterStep', confirmRemovalEffect('old')],
              on: {
                refsRemovalConfirmed: 'draining',
                drifted: { target: 'blocked', actions: [driftPage, 'blockRetirement'] },
              },
            },
            draining: { entry: 'clearWork', after: { drain: 'handingOver' } },
            handingOver: {
              entry: 'clearWork',
              initial: 'deciding',
              states: {
                deciding: {
                  always: [
                    { guard: 'mustHandOver', target: 'moving' },
                    { guard: 'hasDeletions', target: '#retiring.deleting' },
                    { target: '#promoted' },
                  ],
                },
                moving: {
                  entry: ['enterStep', effect(() => ({ kind: 'moveObjectives', to: 'new' }))],
                  on: { objectivesMoved: { target: '#retiring.deleting', actions: 'objectivesMoved' } },
                },
              },
            },
            deleting: {
              entry: [
                'clearWork',
                'enterStep',
                effect(({ context }) => ({
                  kind: 'deleteObjects',
                  side: 'old',
                  identities: context.course?.deletions ?? [],
                })),
              ],
              on: { objectsDeleted: { target: '#promoted', actions: 'rememberNotDone' } },
            },
          },
        },

        rollingBack: {
          id: 'rollingBack',
          initial: 'writing',
          entry: ['raiseCleared'],
          on: {
            'command.abandon': { target: '#failed', actions: 'endAbandoned' },
            routeGone: { target: '#rollingBack.keeping', actions: 'endRouteGone' },
          },
          states: {
            writing: {
              entry: ['clearWork', 'enterStep', 'beginRollback', rollBackEffect],
              on: {
                rollbackWritten: [
                  { guard: 'isRollbackComplete', target: 'confirming', actions: 'rollbackWritten' },
                  { target: 'stepping', actions: 'rollbackWritten' },
                ],
                rollbackKept: { target: 'kept', actions: [keptPage, 'rollbackKept'] },
              },
            },
            /** The old side can carry only a part: the rest follows as it grows, or it is lost. */
            stepping: {
              entry: 'clearWork',
              after: {
                stepBack: [
                  { guard: 'oldSideIsLost', target: '#failed', actions: 'endOldSideLost' },
                  { target: 'writing' },
                ],
              },
              on: forcedRollback,
            },
            /** Somebody keeps undoing it. */
            fought: { entry: 'clearWork', after: { reassert: 'writing' } },
            /** Moving to a sick old side would make things worse (P5). */
            kept: {
              entry: 'clearWork',
              after: {
                stepBack: [
                  { guard: 'oldSideIsLost', target: '#failed', actions: 'endOldSideLost' },
                  { target: 'writing' },
                ],
              },
              on: forcedRollback,
            },
            confirming: {
              entry: ['clearWork', 'enterStep', confirmRollbackEffect, objectivesBack],
              on: {
                rollbackConfirmed: { target: 'settling', actions: 'rollbackConfirmed' },
                ...reassertOn,
              },
            },
            settling: { entry: 'clearWork', after: { settle: 'checking' } },
            /** Done when the weights have been stable for the settle time. */
            checking: {
              entry: ['clearWork', confirmRollbackEffect],
              on: {
                rollbackConfirmed: 'draining',
                ...reassertOn,
              },
            },
            draining: { entry: 'clearWork', after: { drain: 'detaching' } },
            detaching: {
              entry: [
                'clearWork',
                'enterStep',
                'bumpFence',
                effect(() => ({ kind: 'removeRefs', side: 'new' })),
              ],
              on: {
                refsRemoved: 'detached',
                ...reassertOn,
              },
            },
            detached: {
              entry: ['clearWork', confirmRemovalEffect('new')],
              on: {
                refsRemovalConfirmed: 'keeping',
                ...reassertOn,
              },
            },
            keeping: keepingState,
            cleaning: {
              entry: ['clearWork', 'enterStep', deletionOfCreated],
              on: {
                objectsDeleted: [
                  { guard: 'endsRolledBack', target: '#rolledBack', actions: 'rememberNotDone' },
                  { target: '#failed', actions: 'rememberNotDone' },
                ],
              },
            },
          },
        },

        failing: {
          id: 'failing',
          initial: 'deciding',
          entry: 'raiseCleared',
          on: { 'command.abandon': { target: '#failed', actions: 'endAbandoned' } },
          states: {
            deciding: {
              always: [{ guard: 'hasUselessPool', target: 'discarding' }, { target: 'keeping' }],
            },
            /** A created pool without a ready node is deleted at once (P6). */
            discarding: {
              entry: [
                'clearWork',
                'enterStep',
                effect(({ context }) => ({ kind: 'deleteNodePool', nodePool: context.nodePool ?? '' })),
              ],
              on: { nodePoolDeleted: { target: 'keeping', actions: 'forgetNodePool' } },
              after: { discardDeadline: 'keeping' },
            },
            keeping: keepingState,
            cleaning: {
              entry: ['clearWork', 'enterStep', deletionOfCreated],
              on: { objectsDeleted: { target: '#failed', actions: 'rememberNotDone' } },
            },
          },
        },

        promoted: { id: 'promoted', type: 'final', entry: ['clearWork', 'raiseEnded'] },
        rolledBack: { id: 'rolledBack', type: 'final', entry: ['clearWork', 'raiseEnded'] },
        failed: { id: 'failed', type: 'final', entry: ['clearWork', 'raiseEnded'] },
      },
    },

    attention: {
      initial: 'running',
      on: { ended: '.ended' },
      states: {
        running: {
          on: {
            holdBegun: { target: 'held', actions: 'beginHold' },
            'command.pause': { target: 'held', actions: 'beginHold' },
          },
        },
        held: {
          on: {
            holdBegun: [
              { guard: 'isHeldAuto', actions: 'beginHold' },
              { guard: 'holdBecomesDrift', actions: 'beginHold' },
            ],
            'command.pause': { actions: 'beginHold' },
            'command.resume': { target: 'running', actions: ['raiseResumed', 'endHold'] },
            wayBackProved: { guard: 'isHeldAuto', target: 'running', actions: 'endHold' },
            holdCleared: { target: 'running', actions: 'endHold' },
          },
          after: { holdDeadline: { target: 'running', actions: ['raiseExpired', 'endHold'] } },
        },
        ended: { type: 'final', entry: 'endHold' },
      },
    },
  },
});
