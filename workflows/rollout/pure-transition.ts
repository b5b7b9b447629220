import { type AnyActorScope, type AnyStateMachine, createActor } from 'xstate';

/** What a transition wants done, not done. */
export interface Collected {
  readonly next: unknown;
  readonly actions: readonly { readonly type: string; readonly params: unknown }[];
}

const nothing = (): void => undefined;

/** An actor of each machine that is never started: transitions need one to run in. */
const scopes = new WeakMap<AnyStateMachine, AnyActorScope>();

const scopeOf = (machine: AnyStateMachine): AnyActorScope => {
  const known = scopes.get(machine);
  if (known !== undefined) return known;
  const self = createActor(machine, { input: undefined });
  const scope: AnyActorScope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: nothing,
  };
  scopes.set(machine, scope);
  return scope;
};

/**
 * XState's pure `transition(machine, snapshot, event)` with the same result. XState's own makes an actor with a whole
 * initial snapshot for each call and throws it away, which took as long as the rest of it five times over.
 */
export const pureTransition = (machine: AnyStateMachine, snapshot: unknown, event: unknown): Collected => {
  const actions: { type: string; params: unknown }[] = [];
  const scope: AnyActorScope = {
    ...scopeOf(machine),
    actionExecutor: ({ type, params }) => void actions.push({ type, params }),
  };
  return { next: machine.transition(snapshot as never, event as never, scope), actions };
};
