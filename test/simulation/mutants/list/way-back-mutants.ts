/** Mistakes about the way back: I4, I11, I15. */
import type { Mutant } from '../mutant.ts';

export const WAY_BACK_MUTANTS: readonly Mutant[] = [
  {
    name: 'fence-read-first',
    rule: 'I4',
    emphasis: 'earlyRollback',
    why: 'The rollout is read before the route, so that a decision that reached the route in between goes unnoticed.',
    edits: [
      {
        file: 'functions/runtime/hands/guarded-write.ts',
        find: '    const { document, readAtMs } = await ports.store.load({ rolloutId: job.rolloutId });\n    if (!isWanted(',
        replace: '    if (!isWanted(',
      },
      {
        file: 'functions/runtime/hands/guarded-write.ts',
        find: '  let lost = 0;\n',
        replace:
          '  let lost = 0;\n  const { document, readAtMs } = await ports.store.load({ rolloutId: job.rolloutId });\n',
      },
      // The drift check would take the newer fence on the route for somebody else's.
      {
        file: 'workflows/steps/drift.ts',
        find: 'return fence.fence > expected.fence ? ',
        replace: 'return fence.fence > expected.fence + 1000 ? ',
      },
    ],
  },
  {
    name: 'already-so-without-the-fence',
    rule: 'I4',
    emphasis: 'earlyRollback',
    why: 'A rollback that finds the weights where it wants them writes nothing, and a growth that is under way lands after it.',
    edits: [
      {
        file: 'functions/runtime/hands/roll-back.ts',
        find: '    carriesFence(object, job.rolloutId, job.fence) &&\n    sharePercent === 0',
        replace: '    sharePercent === 0',
      },
    ],
  },
  {
    name: 'older-write-lands-last',
    rule: 'I4',
    emphasis: 'earlyRollback',
    why: 'A growth tests that it is still the same route, and not that nobody has written it since.',
    edits: [
      {
        file: 'workflows/steps/traffic-patch.ts',
        find: "  { op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },\n",
        replace: '',
      },
    ],
  },
  {
    name: 'unseen-old-side-is-dead',
    rule: 'I4',
    why: 'Pods that could not be listed are taken for pods that are not there, and the traffic stays where it hurts.',
    edits: [
      {
        file: 'workflows/steps/rollback-decision.ts',
        find: 'if (oldReady === 0) return',
        replace: 'if (oldReady === 0 || oldReady === null) return',
      },
    ],
  },
  {
    name: 'half-way-back',
    rule: 'I4',
    why: 'The way back is as gentle as the way there: the share is halved until little is left.',
    edits: [
      {
        file: 'functions/runtime/hands/roll-back.ts',
        find: 'currentSharePercent: Math.max(job.sharePercent, ...shares),',
        replace: 'currentSharePercent: Math.max(...shares),',
      },
      {
        file: 'workflows/steps/rollback-decision.ts',
        find: "oldReady === null || facts.sickness === 'errors'",
        replace: 'oldReady === null',
      },
      {
        file: 'workflows/steps/rollback-decision.ts',
        find: 'const sharePercent = Math.max(0, Math.min(currentSharePercent, left));',
        replace:
          'const gentle = currentSharePercent > 4 ? Math.floor(currentSharePercent / 2) : 0;\n  const sharePercent = Math.min(currentSharePercent, Math.max(gentle, left));',
      },
    ],
  },
  {
    name: 'hold-stops-the-way-back',
    rule: 'I11',
    emphasis: 'backWhileHeld',
    why: 'A hold holds everything, the way back included, until somebody resumes.',
    edits: [
      {
        file: 'workflows/rollout/machine.ts',
        find: "          initial: 'writing',\n          entry: ['raiseCleared'],",
        replace: "          initial: 'writing',",
      },
      {
        file: 'workflows/rollout/effects.ts',
        find: '  FORWARD_EFFECTS.has(effect.kind) ||',
        replace: "  FORWARD_EFFECTS.has(effect.kind) ||\n  effect.kind === 'rollBack' ||",
      },
    ],
  },
  {
    name: 'freeze-stops-the-way-back',
    rule: 'I11',
    emphasis: 'backWhileHeld',
    why: 'A freeze of all changes is taken to mean the way back as well.',
    edits: [
      {
        file: 'functions/runtime/hands/roll-back.ts',
        find: '  const { decision, reads } = await decideFresh(ports, plan, job);\n',
        replace:
          "  const { decision, reads } = await decideFresh(ports, plan, job);\n  const { freeze } = await ports.store.registry({ sinceMs: job.nowMs });\n  if (freeze !== null) return { kind: 'again', inMs: AGAIN_MS, why: 'frozen' };\n",
      },
    ],
  },
  {
    name: 'approval-stops-the-way-back',
    rule: 'I11',
    emphasis: 'backWhileHeld',
    why: 'Whoever waits for an answer hears of nothing else: a rollback is taken note of, and the question stays.',
    edits: [
      {
        file: 'workflows/rollout/machine.ts',
        find: "'command.approve': { target: 'choosing', actions: 'approve' },",
        replace: "'command.approve': { target: 'choosing', actions: 'approve' },\n'command.rollback': {},",
      },
    ],
  },
  {
    name: 'window-stops-the-way-back',
    rule: 'I11',
    emphasis: 'closingWindows',
    why: 'Outside the window nothing is changed at all, the way back included.',
    edits: [
      {
        file: 'workflows/rollout/machine.ts',
        find: "after: { windowOpens: 'choosing' },",
        replace: "on: { 'command.rollback': {}, alerted: {} },\nafter: { windowOpens: 'choosing' },",
      },
    ],
  },
  {
    name: 'originals-in-percent',
    rule: 'I15',
    why: 'The weights that come back are 100 and 0, which is the same share and not what stood there.',
    edits: [
      {
        file: 'workflows/steps/rollback-patch.ts',
        find: 'value: rule.originals }];',
        replace:
          'value: rule.originals.map((ref) => ({ ...ref, weight: rule.originals.length === 1 ? 100 : (ref.weight ?? 1) })) }];',
      },
    ],
  },
  {
    name: 'second-route-forgotten',
    rule: 'I15',
    why: 'The way back knows of one route only.',
    edits: [
      {
        file: 'functions/runtime/hands/roll-back.ts',
        find: '  const written = await all(\n    plan.routes.map((route, index) => {\n',
        replace: '  const written = await all(\n    plan.routes.slice(0, 1).map((route, index) => {\n',
      },
      {
        file: 'functions/runtime/hands/confirm-rollback.ts',
        find: 'await all(plan.routes.map((route) => readRoute(ports, plan, route)));',
        replace: 'await all(plan.routes.slice(0, 1).map((route) => readRoute(ports, plan, route)));',
      },
      {
        file: 'functions/runtime/hands/remove-refs.ts',
        find: '    plan.routes.map((route) =>\n      guardedWrite<Refused>',
        replace:
          "    (side === 'new' ? plan.routes.slice(0, 1) : plan.routes).map((route) =>\n      guardedWrite<Refused>",
      },
      {
        file: 'functions/runtime/hands/confirm-refs-removed.ts',
        find: 'await all(plan.routes.map((route) => readRoute(ports, plan, route)));',
        replace:
          "await all((side === 'new' ? plan.routes.slice(0, 1) : plan.routes).map((route) => readRoute(ports, plan, route)));",
      },
    ],
  },
  {
    name: 'our-ref-stays',
    rule: 'I15',
    why: 'A ref with weight 0 does no harm, so the way back leaves ours there.',
    edits: [
      {
        file: 'workflows/steps/rollback-patch.ts',
        find: 'const same = JSON.stringify(live.refs) === JSON.stringify(rule.originals);',
        replace: 'const same = true;',
      },
      {
        file: 'functions/runtime/hands/confirm-refs-removed.ts',
        find: "  if (side === 'new' && object.metadata.uid !== route.uid) return false;",
        replace: "  if (side === 'new') return false;",
      },
    ],
  },
];
