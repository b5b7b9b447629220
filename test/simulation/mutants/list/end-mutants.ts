/** Mistakes about the old side, what is deleted, and the end: I5, I6, I9, I10, I13. */
import type { Mutant } from '../mutant.ts';

export const END_MUTANTS: readonly Mutant[] = [
  {
    name: 'retention-from-the-start',
    rule: 'I5',
    why: 'The retention is counted from the start of the rollout, and is over before it has begun.',
    edits: [
      {
        file: 'workflows/rollout/delays.ts',
        find: 'Math.max(context.course?.retentionMs ?? 0, context.course?.drainMs ?? 0),',
        replace: 'Math.max(0, (context.course?.retentionMs ?? 0) - (context.nowMs - context.startedAtMs)),',
      },
    ],
  },
  {
    name: 'skip-skips-the-retention',
    rule: 'I5',
    emphasis: 'meddlers',
    why: 'Whoever skips the soak is thought to have no use for the old side either.',
    edits: [
      {
        file: 'workflows/rollout/machine.ts',
        find: "'command.skip': '#retaining'",
        replace: "'command.skip': '#retiring'",
      },
    ],
  },
  {
    name: 'no-status-guard',
    rule: 'I6',
    why: 'A finished machine is trusted to ignore what still comes.',
    edits: [
      {
        file: 'workflows/rollout/step.ts',
        find: "  if (stored.finishedAtMs !== null) return { kind: 'finished' };\n",
        replace: '',
      },
    ],
  },
  {
    name: 'fence-alone-decides',
    rule: 'I6',
    emphasis: 'sleepers',
    why: 'Whoever is about to write asks for the fence only, which the end of a rollout does not move.',
    edits: [
      {
        file: 'functions/runtime/hands/fence-check.ts',
        find: '  document.fence === job.fence &&\n  document.outbox.some((item) => item.id === job.effectId);',
        replace: '  document.fence === job.fence;',
      },
    ],
  },
  {
    name: 'annotations-replaced',
    rule: 'I9',
    why: 'Our annotations are written as a whole map, and those of others go.',
    edits: [
      {
        file: 'workflows/steps/route-fence.ts',
        find: '  const ops: JsonPatchOp[] = Object.entries(set).map(([key, value]) => ({',
        replace:
          "  if (remove.length === 0) return [{ op: 'add', path: '/metadata/annotations', value: set }];\n  const ops: JsonPatchOp[] = Object.entries(set).map(([key, value]) => ({",
      },
    ],
  },
  {
    name: 'keep-is-deleted',
    rule: 'I9',
    why: 'The setting that keeps the old side is read and not obeyed.',
    edits: [
      {
        file: 'workflows/plans/retire-list.ts',
        find: "  if (spec.retention.retire === 'keep') return [];\n",
        replace: '',
      },
      {
        file: 'workflows/plans/retire-list.ts',
        find: 'const { observed, old, spec } = survey;',
        replace: 'const { observed, old } = survey;',
      },
    ],
  },
  {
    name: 'delete-by-label',
    rule: 'I9',
    why: "Whatever bears the new pool's labels is taken for something that the rollout made.",
    edits: [
      {
        file: 'functions/runtime/hands/delete-objects.ts',
        find: '  const identities = inOrder(side, [...job.effect.identities, ...unremembered.identities]);',
        replace: `  const kind = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment' };
  const labelSelector = Object.entries(plan.new.selector).map(([key, value]) => \`\${key}=\${value}\`).join(',');
  const listed = await ports.kubernetes.list({ cluster: plan.cluster, resource: kind, namespace: plan.namespace, labelSelector });
  const items = side === 'new' && listed.kind === 'answer' ? (listed.object?.items ?? []) : [];
  const labelled = items.map(({ metadata }) => ({ ...kind, namespace: plan.namespace, name: metadata.name, uid: metadata.uid ?? '' }));
  const identities = inOrder(side, [...job.effect.identities, ...unremembered.identities, ...labelled]);`,
      },
    ],
  },
  {
    name: 'neighbour-pays',
    rule: 'I9',
    why: 'The share is written in percent beside the weight of a neighbour that is left as it is, and so loses its part.',
    edits: [
      {
        file: 'workflows/steps/traffic-weights.ts',
        find: '      : sum(others) === 0\n',
        replace: '      : sum(others) >= 0\n',
      },
    ],
  },
  {
    name: 'no-wake-for-the-outbox',
    rule: 'I10',
    why: 'Timers wake a rollout, and where there is none it sleeps on, whatever its outbox holds.',
    edits: [
      {
        file: 'workflows/rollout/step.ts',
        find: '      .filter((item) => !(waits && waitsWhileHeld(item.effect as unknown as Effect)))\n      .map((item) => item.notBeforeMs),',
        replace:
          '      .filter((item) => work.timers.length > 0 && !(waits && waitsWhileHeld(item.effect as unknown as Effect)))\n      .map((item) => item.notBeforeMs),',
      },
      {
        file: 'workflows/rollout/step.ts',
        find: 'return times.length === 0 ? nowMs : Math.min(...times);',
        replace: 'return times.length === 0 ? null : Math.min(...times);',
      },
    ],
  },
  {
    name: 'misspelt-delay',
    rule: 'I10',
    why: 'The delay of the drain is spelt in another way on the way back than where it is defined.',
    edits: [
      {
        file: 'workflows/rollout/machine.ts',
        find: "after: { drain: 'detaching' }",
        replace: "after: { drian: 'detaching' }",
      },
    ],
  },
  {
    name: 'gone-route-waited-for',
    rule: 'I10',
    emphasis: 'goneRoutes',
    why: 'The way back waits for a route that nobody will create again.',
    edits: [
      {
        file: 'functions/runtime/hands/roll-back.ts',
        find: 'if (one.atMs - job.effect.sinceMs < ROUTE_GONE_MS)',
        replace: 'if (one.atMs - job.nowMs < ROUTE_GONE_MS)',
      },
    ],
  },
  {
    name: 'drain-time-ignored',
    rule: 'I13',
    why: 'A weight of 0 is taken for the end of the requests that are still running.',
    edits: [
      {
        file: 'workflows/rollout/delays.ts',
        find: 'drain: ({ context }: Args) => context.course?.drainMs ?? 0,',
        replace: 'drain: () => 0,',
      },
    ],
  },
  {
    name: 'ref-removed-with-weight',
    rule: 'I13',
    emphasis: 'lateEdits',
    why: 'The old ref goes when its time has come, whatever weight somebody has given it since.',
    edits: [
      {
        file: 'workflows/steps/traffic-patch.ts',
        find: 'if (parts.old > 0 || parts.new === 0) return null;',
        replace: 'if (parts.new === 0) return null;',
      },
    ],
  },
];
