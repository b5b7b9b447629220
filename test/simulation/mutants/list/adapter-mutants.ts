/** Mistakes about new versions of adapters: their targets, what is loaded, who may touch it. */
import type { Mutant } from '../mutant.ts';

export const ADAPTER_MUTANTS: readonly Mutant[] = [
  {
    name: 'target-without-a-weight',
    rule: 'I9',
    emphasis: 'fineShares',
    why: 'A weight of 1 is left out as the default that it is in routes; beside a weight it is nothing at all.',
    edits: [
      {
        file: 'workflows/steps/carrier.ts',
        find: '...(isWeighed ? { weight: weight ?? 1 } : {})',
        replace: '...(isWeighed && weight !== 1 ? { weight: weight ?? 1 } : {})',
      },
      {
        file: 'workflows/steps/carrier.ts',
        find: "numberAt(target, 'weight') ?? (isWeighed ? 0 : undefined),",
        replace: "numberAt(target, 'weight') ?? (isWeighed ? 1 : undefined),",
      },
    ],
  },
  {
    name: 'alias-shadowed',
    rule: 'I9',
    why: 'A rewrite is created for each rollout, beside the older one that pickers go by.',
    edits: [
      {
        file: 'workflows/plans/adapter-carriers.ts',
        find: 'if (first === undefined) return catchAll(bound) ?? newRewrite(survey, side, group);',
        replace: 'if (bound !== null) return newRewrite(survey, side, group);',
      },
    ],
  },
  {
    name: 'name-taken-for-effect',
    rule: 'I1',
    emphasis: 'silentVersions',
    why: 'A version that is listed and answers is taken for one that has an effect.',
    edits: [
      {
        file: 'functions/runtime/hands/verify-effect.ts',
        find: "if (verify.effect?.mode !== 'required') return NOTHING;",
        replace: "if (verify.effect?.mode !== 'off') return NOTHING;",
      },
    ],
  },
  {
    name: 'not-found-not-seen',
    rule: 'I3',
    emphasis: 'lostVersions',
    why: 'A 404 is an answer like any other to whoever asks only whether there was one.',
    edits: [
      {
        file: 'functions/runtime/probe-adapter.ts',
        find: "status: answer?.kind === 'answered' ? answer.status : null };",
        replace:
          "status: answer?.kind === 'answered' ? (answer.status === 404 ? 200 : answer.status) : null };",
      },
    ],
  },
  {
    name: 'one-server-speaks-for-all',
    rule: 'I1',
    emphasis: 'replacedServers',
    why: 'Servers that came up since the version was verified are thought to have it as well.',
    edits: [
      {
        file: 'functions/runtime/hands/adapter-served.ts',
        find: "    if (!names.has(adapter.to)) return { lacks: 'new', sentence: `pod ${pod} does not serve ${adapter.to}` };\n",
        replace: '',
      },
    ],
  },
  {
    name: 'syncer-text-written-whole',
    rule: 'I9',
    why: 'The text of the ConfigMap is written as a program would write it, and what people had noted there is gone.',
    edits: [
      {
        file: 'functions/runtime/hands/load-adapter.ts',
        find: "    { op: 'replace', path, value: text },",
        replace: "    { op: 'replace', path, value: text.replaceAll(/^ *#.*\\n/gm, '') },",
      },
    ],
  },
  {
    name: 'unloaded-before-the-drain',
    rule: 'I13',
    emphasis: 'backFromNames',
    why: 'A version without a target is thought to have no requests any more, however many are still running.',
    edits: [
      {
        file: 'workflows/plans/plan-adapter.ts',
        find: 'drainMs: Math.max(DRAIN_MS_MIN, (drainingSec(survey) ?? 0) * 1000),',
        replace: 'drainMs: 0,',
      },
    ],
  },
  {
    name: 'made-rewrite-stays',
    rule: 'I15',
    emphasis: 'backFromNames',
    why: 'After a rollback the rewrite that was made for it is left as harmless.',
    edits: [
      {
        file: 'functions/runtime/hands/delete-objects.ts',
        find: '    identities.filter(({ uid }) => !kept.has(uid)),',
        replace: '    identities.filter(({ uid }) => kept.has(uid)),',
      },
    ],
  },
  {
    name: 'list-is-left-behind',
    rule: 'I15',
    emphasis: 'backFromNames',
    why: 'A model that had no list of targets gets one with itself alone, which means the same.',
    edits: [
      {
        file: 'workflows/steps/carrier.ts',
        find: 'if (carrier.listWasAbsent && JSON.stringify(value)',
        replace: 'if (carrier.listWasAbsent && value.length === 0 && JSON.stringify(value)',
      },
    ],
  },
  {
    name: 'pool-without-its-slots',
    rule: 'I7',
    emphasis: 'namesAndPools',
    why: 'A rollout of a pool takes the lock of the pool, and those of adapters in it have others.',
    edits: [
      {
        file: 'workflows/plans/plan-common.ts',
        find: '    ...pools.flatMap(slotLockKeys),\n',
        replace: '',
      },
    ],
  },
];
