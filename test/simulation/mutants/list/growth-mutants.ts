/** Mistakes about how far and onto what the new side may grow: I1, I2, I14. */
import type { Mutant } from '../mutant.ts';

export const GROWTH_MUTANTS: readonly Mutant[] = [
  {
    name: 'weights-above-a-thousand',
    rule: 'I1',
    why: 'Takes the bound of the HTTPRoute schema for the bound of the load balancer.',
    edits: [
      {
        file: 'workflows/steps/traffic-weights.ts',
        find: 'export const WEIGHT_MAX = 1000;',
        replace: 'export const WEIGHT_MAX = 10_000;',
      },
    ],
  },
  {
    name: 'new-side-ready-once-is-ready',
    rule: 'I1',
    why: 'Relies on the new side having been ready when it was verified, however long ago that was.',
    edits: [
      {
        file: 'functions/runtime/hands/way-back.ts',
        find: '    doubtNewSide(sides.new, plan, growth.sharePercent),\n',
        replace: '',
      },
    ],
  },
  {
    name: 'share-rounded-up',
    rule: 'I2',
    why: 'Rounds a share that the weights cannot express up instead of down.',
    edits: [
      {
        file: 'workflows/steps/traffic-weights.ts',
        find: 'Math.floor((total * sharePercent) / 100 + EPSILON)',
        replace: 'Math.ceil((total * sharePercent) / 100 - EPSILON)',
      },
    ],
  },
  {
    name: 'ready-counted-from-zero',
    rule: 'I2',
    emphasis: 'oneShort',
    why: 'Takes the number of ready pods for the index of the last one.',
    edits: [
      {
        file: 'workflows/steps/readiness.ts',
        find: 'sharePercent * replicas <= ready * 100 + 1e-6',
        replace: 'sharePercent * replicas <= (ready + 1) * 100 + 1e-6',
      },
    ],
  },
  {
    name: 'capacity-of-the-share-before',
    rule: 'I2',
    emphasis: 'oneShort',
    why: 'Asks whether the new side can carry what it has, not what it is about to get.',
    edits: [
      {
        file: 'functions/runtime/hands/way-back.ts',
        find: '    doubtNewSide(sides.new, plan, growth.sharePercent),\n',
        replace: '    doubtNewSide(sides.new, plan, job.sharePercent),\n',
      },
    ],
  },
  {
    name: 'dry-run-of-the-way-there',
    rule: 'I14',
    why: 'Tries the patch of the growth as a dry run, not the one that would take it back.',
    edits: [
      {
        file: 'functions/runtime/hands/way-back.ts',
        find: '    sharePercent: 0,\n  });\n  const answer = classify(',
        replace: '    sharePercent: growth.sharePercent,\n  });\n  const answer = classify(',
      },
    ],
  },
  {
    name: 'floor-forgotten',
    rule: 'I14',
    emphasis: 'oneShort',
    why: 'One ready pod of the old side is taken for a side that can carry everything.',
    edits: [
      {
        file: 'functions/runtime/hands/way-back.ts',
        find: 'if (old.ready < floor)',
        replace: 'if (old.ready < 1)',
      },
    ],
  },
  {
    name: 'unheard-dry-run-counts',
    rule: 'I14',
    why: 'Nobody said no to the dry run, so it counts as a yes.',
    edits: [
      {
        file: 'functions/runtime/hands/way-back.ts',
        find: "  if (answer.kind === 'ok') return null;\n  if (answer.kind === 'invalid'",
        replace:
          "  if (answer.kind !== 'invalid' && answer.kind !== 'forbidden') return null;\n  if (answer.kind === 'invalid'",
      },
    ],
  },
  {
    name: 'proved-long-ago',
    rule: 'I14',
    emphasis: 'latecomers',
    why: 'What was proved in the step before is not proved again right before the write, however long ago that was.',
    edits: [
      {
        file: 'functions/runtime/hands/set-weights.ts',
        find: '  const proof = await proveWayBackFor(ports, job, {\n    sharePercent: job.effect.sharePercent,\n    isWriting: true,\n  });',
        replace:
          "  const proof = { kind: 'proved', newReady: 0, atMs: Number.POSITIVE_INFINITY } as Awaited<ReturnType<typeof proveWayBackFor>>;",
      },
      // Who stood still between reading and writing would read again, and find nothing to wonder at.
      {
        file: 'functions/runtime/hands/fence-check.ts',
        find: '  Math.abs((await ports.time.now({})) - sinceMs) >= STILL_MAX_MS;',
        replace: '  Math.abs((await ports.time.now({})) - sinceMs) >= Number.POSITIVE_INFINITY;',
      },
    ],
  },
  {
    name: 'gateway-not-waited-for',
    rule: 'I14',
    why: 'Takes a route that the API server has stored for one that the gateway has taken over.',
    edits: [
      {
        file: 'workflows/steps/gateway-status.ts',
        find: "    if (status === 'False')\n      return",
        replace: "    if (status === 'Unknown')\n      return",
      },
      {
        file: 'workflows/steps/gateway-status.ts',
        find: '    if (observed < generation)\n      return {',
        replace: '    if (observed < 1)\n      return {',
      },
    ],
  },
];
