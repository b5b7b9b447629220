/** Mistakes about messages, locks and being looked after: I7, I8, I16. */
import type { Mutant } from '../mutant.ts';

export const MESSAGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'queue-without-a-lock',
    rule: 'I7',
    emphasis: 'rivals',
    why: 'Whoever sees that the pool is free goes on without taking it.',
    edits: [
      {
        file: 'workflows/rollout/step.ts',
        find: "if (message.outcome.kind === 'queueOpen') return { acquireLocks: [stored.poolKey], releaseLocks: [] };",
        replace: "if (message.outcome.kind === 'queueOpen') return { acquireLocks: [], releaseLocks: [] };",
      },
    ],
  },
  {
    name: 'lock-freed-once-planned',
    rule: 'I7',
    emphasis: 'rivals',
    why: 'The lock is thought to be for the planning, and goes when the traffic begins to move.',
    edits: [
      {
        file: 'workflows/rollout/step.ts',
        find: '  if (next.finishedAtMs !== null) {\n    const planned',
        replace: "  if (next.finishedAtMs !== null || next.state === 'shifting') {\n    const planned",
      },
    ],
  },
  {
    name: 'redelivery-counted-twice',
    rule: 'I8',
    why: 'A message that was delivered again is a message.',
    edits: [
      {
        file: 'workflows/rollout/step.ts',
        find: "  if (stored.seen.includes(message.messageId)) return { kind: 'duplicate' };\n",
        replace: '',
      },
    ],
  },
  {
    name: 'start-delivered-twice',
    rule: 'I8',
    why: 'Nobody asks whether a start has been carried out already.',
    edits: [
      {
        file: 'functions/runtime/start-rollout.ts',
        find: '    if (known.rolloutId !== null) return existing(shell, known.rolloutId);\n',
        replace: '',
      },
      {
        file: 'functions/runtime/start-rollout.ts',
        find: "  if (result.kind === 'duplicateRequest') return existing(shell, result.rolloutId);\n",
        replace: '',
      },
    ],
  },
  {
    name: 'approve-without-a-target',
    rule: 'I8',
    emphasis: 'meddlers',
    why: 'An approval approves whatever waits for one, also when it was meant for the step before.',
    edits: [
      {
        file: 'workflows/rollout/admit.ts',
        find: '  const past = aboutThisStep(command.stepEntry, now);\n  if (past !== null) return past;\n  if (now.context.course?.notByStarter',
        replace: '  if (now.context.course?.notByStarter',
      },
    ],
  },
  {
    name: 'skip-without-a-target',
    rule: 'I8',
    emphasis: 'meddlers',
    why: 'A skip skips whatever bakes, also when it was meant for the rung before.',
    edits: [
      {
        file: 'workflows/rollout/admit.ts',
        find: '  const past = aboutThisStep(command.stepEntry, now);\n  if (past !== null) return past;\n  const failing',
        replace: '  const failing',
      },
    ],
  },
  {
    name: 'generations-not-compared',
    rule: 'I8',
    emphasis: 'pauses',
    why: 'The pause that arrives last wins, not the one that was meant last.',
    edits: [
      {
        file: 'workflows/rollout/admit.ts',
        find: "const pause: Check<'pause'> = (command, { state, context }) => {\n  if (command.generation <= context.pauseGeneration)",
        replace:
          "const pause: Check<'pause'> = (command, { state, context }) => {\n  if (command.generation <= context.pauseGeneration - 100)",
      },
    ],
  },
  {
    name: 'lost-answer-is-a-yes',
    rule: 'I8',
    emphasis: 'lossyStore',
    why: 'A commit whose answer was lost is taken for one that went through.',
    edits: [
      {
        file: 'functions/runtime/advance.ts',
        find: "  if (result?.kind === 'locked') return result;\n",
        replace:
          "  if (result?.kind === 'locked') return result;\n  if (result === null) return { kind: 'committed', document };\n",
      },
    ],
  },
  {
    name: 'cursor-before-publishing',
    rule: 'I8',
    why: 'The journal counts as published up to an entry before that entry has gone out.',
    edits: [
      {
        file: 'functions/runtime/publish.ts',
        find: "      if (published.kind !== 'ok') return cursor;\n",
        replace: "      if (published.kind !== 'ok') return entry.seq;\n",
      },
    ],
  },
  {
    name: 'failures-acknowledged',
    rule: 'I8',
    why: 'A message that could not be handled is logged and acknowledged, and never comes again.',
    edits: [
      {
        file: 'functions/runtime/entrypoint.ts',
        find: 'throw classified(error);',
        replace: 'return;',
      },
    ],
  },
  {
    name: 'heartbeat-without-a-look',
    rule: 'I16',
    why: 'The heartbeat says that the process lives, not that anybody looked at the traffic.',
    edits: [
      {
        file: 'functions/runtime/observe.ts',
        find: 'if (look?.pods.some(({ answered }) => answered) === true)',
        replace: '',
      },
    ],
  },
  {
    name: 'held-is-not-looked-at',
    rule: 'I16',
    emphasis: 'pauses',
    why: 'What is held is left alone: nobody looks at it, and the heartbeat goes on.',
    edits: [
      {
        file: 'functions/runtime/wake.ts',
        find: 'if (isObserved(facts.state.state, facts.state.context) && facts.plan !== null) {',
        replace:
          'if (facts.state.context.hold === null && isObserved(facts.state.state, facts.state.context) && facts.plan !== null) {',
      },
    ],
  },
  {
    name: 'heartbeat-only-while-it-bakes',
    rule: 'I16',
    why: 'The heartbeat belongs to the bake, and whoever looks between two bakes sends none.',
    edits: [
      {
        file: 'functions/runtime/observe.ts',
        find: 'if (look?.pods.some(({ answered }) => answered) === true)',
        replace: "if (look !== null && facts.state.step === 'baking')",
      },
    ],
  },
];
