/** Mistakes about when a rung has been baked and what its gates have said: I3. */
import type { Mutant } from '../mutant.ts';

export const BAKE_MUTANTS: readonly Mutant[] = [
  {
    name: 'bake-from-the-write',
    rule: 'I3',
    why: 'The bake is counted from the write of the weights, not from their confirmation by the gateway.',
    edits: [
      {
        file: 'workflows/rollout/delays.ts',
        find: 'Math.max(0, context.bake.remainingMs),',
        replace:
          'Math.max(0, context.bake.remainingMs - (context.nowMs - (context.clocks.writtenMs ?? context.nowMs))),',
      },
    ],
  },
  {
    name: 'missing-data-passes',
    rule: 'I3',
    why: 'A gate that could not say anything is taken for one that has nothing to object to.',
    edits: [
      {
        file: 'workflows/rollout/guards.ts',
        find: "  hasPassed: ({ context }: Args): boolean => context.verdicts.every((verdict) => verdict.answer === 'pass'),",
        replace:
          "  hasPassed: ({ context }: Args): boolean => context.verdicts.every((verdict) => verdict.answer !== 'fail'),",
      },
    ],
  },
  {
    name: 'pause-as-a-history-state',
    rule: 'I2',
    emphasis: 'pauses',
    why: 'A resume goes back to the bake, where most pauses come from, whatever was paused: the write of a share, or the wait for an approval.',
    edits: [
      {
        file: 'workflows/rollout/machine.ts',
        find: "{ target: 'choosing', actions: 'restartIfAsked' },",
        replace:
          "{ guard: 'isFullShare', target: 'choosing', actions: 'restartIfAsked' },\n{ target: 'baking', actions: 'restartIfAsked' },",
      },
      {
        file: 'workflows/rollout/machine.ts',
        find: "                    // A pause here loses nothing: an approval that lands while held is kept.\n                    'command.pause': {},\n",
        replace: '',
      },
    ],
  },
  {
    name: 'resume-takes-the-next-rung',
    rule: 'I3',
    emphasis: 'pauses',
    why: 'A resume is read as "go on", and going on means the next rung.',
    edits: [
      {
        file: 'workflows/rollout/machine.ts',
        find: "{ target: 'choosing', actions: 'restartIfAsked' },",
        replace:
          "{ guard: 'isFullShare', target: 'choosing', actions: 'restartIfAsked' },\n{ target: 'choosing', actions: ['restartIfAsked', 'advanceRung'] },",
      },
    ],
  },
  {
    name: 'hold-counts-as-bake',
    rule: 'I3',
    emphasis: 'pauses',
    why: 'What is left of a bake is computed from when it began, so that the hours of a hold count as well.',
    edits: [
      {
        file: 'workflows/rollout/delays.ts',
        find: 'Math.max(0, context.bake.remainingMs),',
        replace:
          'Math.max(0, (context.course?.ladder[context.rung]?.bakeMs ?? 0) - (context.bake.extensions > 0 ? 0 : context.nowMs - (context.bake.sinceMs ?? context.nowMs))),',
      },
    ],
  },
  {
    name: 'no-timer-token',
    rule: 'I3',
    emphasis: 'oversleepers',
    why: 'A timer is known by its name only, so that a process that slept ends the bake of a later rung.',
    edits: [
      {
        file: 'functions/runtime/wake.ts',
        find: "      current.timers.some((set) => set.token === timer.token)\n        ? { kind: 'timer', messageId: `${timer.token}/fired`, timerId: timer.id, token: timer.token }",
        replace:
          "      current.timers.some((set) => set.id === timer.id)\n        ? { kind: 'timer', messageId: `${timer.id}/${current.revision}`, timerId: timer.id, token: timer.token }",
      },
      {
        file: 'workflows/rollout/step.ts',
        find: 'timer.id === message.timerId && timer.token === message.token',
        replace: 'timer.id === message.timerId',
      },
    ],
  },
  {
    name: 'clock-of-the-process',
    rule: 'I3',
    why: 'Timers are compared with the clock of the machine that happens to look, not with the time of the store.',
    edits: [
      {
        file: 'functions/runtime/wake.ts',
        find: '  const { document, readAtMs } = await shell.ports.store.load({ rolloutId });\n  if (document === null) return null;\n  const next = await work(',
        replace:
          '  const { document } = await shell.ports.store.load({ rolloutId });\n  const readAtMs = nowMs;\n  if (document === null) return null;\n  const next = await work(',
      },
    ],
  },
  {
    name: 'limit-in-percent',
    rule: 'I3',
    emphasis: 'fewFailures',
    why: 'A limit that is a ratio is compared with failures in percent: the judge of errors passes what is a hundred times too much.',
    edits: [
      {
        file: 'workflows/steps/gates/judges.ts',
        find: '  const { ratioMax, samplesMin } = call.gates.errors;\n',
        replace:
          '  const { samplesMin } = call.gates.errors;\n  const ratioMax = Math.min(0.99, call.gates.errors.ratioMax * 100);\n',
      },
      {
        file: 'workflows/steps/gates/proportion-tests.ts',
        find: 'export const ERRORS_MARGIN = 0.005;',
        replace: 'export const ERRORS_MARGIN = 0.5;',
      },
    ],
  },
  {
    name: 'evidence-of-the-rung-before',
    rule: 'I3',
    emphasis: 'dryTraffic',
    why: 'The counters of the gates go on from rung to rung, so that the first one answers for all.',
    edits: [
      {
        file: 'workflows/rollout/updates.ts',
        find: '...(grown ? { evidence: restartRung(context.evidence), bake: freshBake(context) } : {}),',
        replace: '...(grown ? { bake: freshBake(context) } : {}),',
      },
    ],
  },
  {
    name: 'approved-once-for-all',
    rule: 'I3',
    emphasis: 'meddlers',
    why: 'An approval is remembered from rung to rung, so that the first one answers all that are asked later.',
    edits: [
      {
        file: 'workflows/rollout/updates.ts',
        find: 'rung: context.rung + 1, approved: false, adoptedPercent: null',
        replace: 'rung: context.rung + 1, adoptedPercent: null',
      },
    ],
  },
  {
    name: 'window-for-the-first-rung-only',
    rule: 'I3',
    emphasis: 'closingWindows',
    why: 'The window is asked for when the rollout begins to grow, and never again.',
    edits: [
      {
        file: 'workflows/rollout/guards.ts',
        find: '    targetPercent(context) > context.confirmedPercent &&\n    context.course !== null &&',
        replace:
          '    targetPercent(context) > context.confirmedPercent &&\n    context.rung <= 0 &&\n    context.course !== null &&',
      },
      {
        file: 'functions/runtime/hands/way-back.ts',
        find: 'growth.sharePercent > job.sharePercent && !windowState(',
        replace: 'growth.sharePercent > 0 && job.trafficSinceMs === null && !windowState(',
      },
    ],
  },
  {
    name: 'window-closed-meanwhile',
    rule: 'I3',
    emphasis: 'closingWindows',
    why: 'The clock is looked at when a growth is chosen, and not again before it is written, however long that takes.',
    edits: [
      {
        file: 'functions/runtime/hands/way-back.ts',
        find: 'growth.sharePercent > job.sharePercent && !windowState(plan.windows, nowMs).open',
        replace: 'growth.sharePercent < 0 && !windowState(plan.windows, nowMs).open',
      },
    ],
  },
];
