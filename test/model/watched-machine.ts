/** The machine itself, telling which of its transitions it takes and which of its state nodes it enters. */
import type { AnyActorScope, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** What XState reports of each microstep (5.33.3); `_transitions` is in no type of its. */
interface Microstep {
  readonly type: string;
  readonly snapshot: { readonly _nodes: readonly AnyStateNode[] };
  readonly _transitions: readonly AnyTransitionDefinition[];
}

export interface Watched {
  readonly machine: AnyStateMachine;
  readonly taken: Set<AnyTransitionDefinition>;
  readonly entered: Set<AnyStateNode>;
}

/** Same structure, same hash, same behaviour: only the scope of each transition has somebody who listens. */
export const watch = (machine: AnyStateMachine): Watched => {
  const taken = new Set<AnyTransitionDefinition>();
  const entered = new Set<AnyStateNode>();
  const see = (event: Microstep): void => {
    if (event.type !== '@xstate.microstep') return;
    for (const node of event.snapshot._nodes) entered.add(node);
    for (const transition of event._transitions) taken.add(transition);
  };
  const transition: AnyStateMachine['transition'] = (snapshot, event, scope) => {
    const system = Object.assign(Object.create(scope.system) as AnyActorScope['system'], {
      _sendInspectionEvent: see as never,
    });
    return machine.transition(snapshot, event, { ...scope, system });
  };
  return {
    machine: Object.create(machine, { transition: { value: transition } }) as AnyStateMachine,
    taken,
    entered,
  };
};

/** Every state node, outermost first. */
export const nodesOf = (machine: AnyStateMachine): readonly AnyStateNode[] => {
  const within = (node: AnyStateNode): AnyStateNode[] => [
    node,
    ...Object.values(node.states).flatMap(within),
  ];
  return within(machine.root);
};

/** Its own transitions: of events, timers and `always`. */
export const transitionsOf = (node: AnyStateNode): readonly AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
];

/** `rollout.progress.moving --alerted [alertCounts]--> rollout.progress.rollingBack`. */
export const nameOf = (transition: AnyTransitionDefinition): string => {
  const { source, eventType, guard, target } = transition;
  const asked = typeof guard === 'string' ? ` [${guard}]` : '';
  const targets = target?.map(({ id }) => id).join(', ') ?? 'stays';
  return `${source.id} --${eventType === '' ? 'always' : eventType}${asked}--> ${targets}`;
};

/** All that the machine consists of, and what of it was never seen. */
export const coverageOf = (
  machine: AnyStateMachine,
  watched: readonly Watched[],
): {
  readonly states: number;
  readonly transitions: number;
  readonly neverEntered: readonly string[];
  readonly neverTaken: readonly string[];
} => {
  const nodes = nodesOf(machine);
  const transitions = nodes.flatMap(transitionsOf);
  return {
    states: nodes.length,
    transitions: transitions.length,
    neverEntered: nodes
      .filter((node) => !watched.some(({ entered }) => entered.has(node)))
      .map(({ id }) => id),
    neverTaken: transitions.filter((one) => !watched.some(({ taken }) => taken.has(one))).map(nameOf),
  };
};
