/** Faults of a machine that can be read off its structure alone, without running it. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { toDirectedGraph } from 'xstate/graph';
import { nodesOf, transitionsOf } from './watched-machine.ts';

export interface Declared {
  readonly guards: readonly string[];
  readonly actions: readonly string[];
  readonly delays: readonly string[];
  /** Ids of states within which work may wait for ever. */
  readonly patient: readonly string[];
}

interface Graph {
  readonly edges: readonly { readonly source: AnyStateNode; readonly target: AnyStateNode }[];
  readonly children: readonly Graph[];
}

/** Every transition that XState knows of, `always` included, which its graph leaves out. */
const arrows = (machine: AnyStateMachine): readonly { source: AnyStateNode; target: AnyStateNode }[] => {
  const within = (graph: Graph): Graph['edges'] => [...graph.edges, ...graph.children.flatMap(within)];
  const always = nodesOf(machine).flatMap((node) =>
    (node.always ?? []).flatMap(({ source, target }) =>
      (target ?? []).map((one: AnyStateNode) => ({ source, target: one })),
    ),
  );
  return [...within(toDirectedGraph(machine) as unknown as Graph), ...always];
};

/** A state with all that is entered and left with it. */
const ancestry = (node: AnyStateNode): readonly AnyStateNode[] =>
  node.parent === undefined ? [node] : [node, ...ancestry(node.parent)];

/** What entering a state enters besides it. */
const entered = (node: AnyStateNode): readonly AnyStateNode[] => {
  if (node.type === 'parallel') return [node, ...Object.values(node.states).flatMap(entered)];
  const { target } = node.type === 'compound' ? node.initial : { target: [] };
  return [node, ...target.flatMap((one: AnyStateNode) => entered(one))];
};

/** State nodes to which no chain of transitions leads, whatever the guards say. */
const unreachable = (machine: AnyStateMachine): readonly string[] => {
  const known = new Set<AnyStateNode>(entered(machine.root));
  const all = arrows(machine);
  for (let before = -1; before !== known.size; ) {
    before = known.size;
    for (const { source, target } of all)
      if (known.has(source)) for (const node of [...ancestry(target), ...entered(target)]) known.add(node);
  }
  return nodesOf(machine)
    .filter((node) => !known.has(node))
    .map(({ id }) => `${id}: nothing leads there`);
};

/** Leaves that nothing leaves, themselves or with a parent, although they are no end. */
const deadEnds = (machine: AnyStateMachine): readonly string[] =>
  nodesOf(machine)
    .filter((node) => node.type === 'atomic')
    .filter((node) =>
      ancestry(node).every((one) => !transitionsOf(one).some(({ target }) => target !== undefined)),
    )
    .map(({ id }) => `${id}: nothing leaves it`);

/** Every region of a parallel machine needs an end of its own, or the machine is never done. */
const endlessRegions = (machine: AnyStateMachine): readonly string[] =>
  (machine.root.type === 'parallel' ? Object.values(machine.root.states) : [machine.root])
    .filter((region) => !Object.values(region.states).some(({ type }) => type === 'final'))
    .map(({ id }) => `${id}: no end`);

/** An end within an end of nothing: only regions may end, else a stage would be done without the rollout knowing. */
const innerEnds = (machine: AnyStateMachine): readonly string[] =>
  nodesOf(machine)
    .filter(({ type, parent }) => type === 'final' && parent?.parent !== machine.root)
    .map(({ id }) => `${id}: ends within a stage`);

const forbidden = (machine: AnyStateMachine): readonly string[] =>
  nodesOf(machine).flatMap((node) => [
    ...(node.type === 'history' ? [`${node.id}: a history state`] : []),
    ...(node.invoke.length > 0 ? [`${node.id}: invokes`] : []),
  ]);

const isWork = (action: unknown): boolean =>
  typeof action === 'object' && action !== null && 'type' in action && action.type === 'effect';

/** A state that begins work has to have a way out that needs no answer: a timer, its own or that of a state around it. */
const workWithoutTimer = (machine: AnyStateMachine, patient: readonly string[]): readonly string[] =>
  nodesOf(machine)
    .filter((node) => ancestry(node).every(({ id }) => !patient.includes(id)))
    .filter((node) => node.type !== 'final' && node.entry.some(isWork))
    .filter((node) => ancestry(node).every((one) => one.after.length === 0))
    .map(({ id }) => `${id}: work without a deadline`);

const namesIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
    ? [value.type]
    : [];
};

/** What is declared and never used, of guards, actions and delays; and timers whose event names another delay. */
const unused = (machine: AnyStateMachine, declared: Declared): readonly string[] => {
  const nodes = nodesOf(machine);
  const transitions = nodes.flatMap(transitionsOf);
  const guards = new Set(transitions.flatMap(({ guard }) => namesIn(guard)));
  const actions = new Set(
    [
      ...transitions.flatMap((one) => one.actions),
      ...nodes.flatMap(({ entry, exit }) => [...entry, ...exit]),
    ].flatMap(namesIn),
  );
  const delays = new Set(nodes.flatMap(({ after }) => after.map(({ delay }) => String(delay))));
  const missing = (kind: string, names: readonly string[], used: ReadonlySet<string>): readonly string[] =>
    names.filter((name) => !used.has(name)).map((name) => `${kind} ${name}: declared, not used`);
  return [
    ...missing('guard', declared.guards, guards),
    ...missing('action', declared.actions, actions),
    ...missing('delay', declared.delays, delays),
    ...[...delays]
      .filter((name) => !declared.delays.includes(name))
      .map((name) => `delay ${name}: used, not declared`),
  ];
};

/** A transition after one of the same event that has no guard is never reached. */
const shadowed = (machine: AnyStateMachine): readonly string[] =>
  nodesOf(machine).flatMap((node) =>
    [...node.transitions.values(), node.always ?? []].flatMap((candidates) =>
      candidates
        .slice(0, -1)
        .filter(({ guard }) => guard === undefined)
        .map(
          ({ eventType }) => `${node.id} on ${eventType || 'always'}: a candidate behind one without a guard`,
        ),
    ),
  );

/** Everything that is wrong with the structure; and how many state nodes were read. */
export const shapeFaults = (
  machine: AnyStateMachine,
  declared: Declared,
): { readonly states: number; readonly faults: readonly string[] } => ({
  states: nodesOf(machine).length,
  faults: [
    ...forbidden(machine),
    ...endlessRegions(machine),
    ...innerEnds(machine),
    ...unreachable(machine),
    ...deadEnds(machine),
    ...workWithoutTimer(machine, declared.patient),
    ...shadowed(machine),
    ...unused(machine, declared),
  ],
});
