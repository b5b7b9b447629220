import type { StorePort } from '../../workflows/ports.ts';
import type { StoreReply, WorldStore } from '../world/store.ts';

/**
 * The world's store as plain promises, without a scheduler: every call is answered at once. `toError` makes the
 * exception that the product expects for a failure's code.
 */
export function storePort(store: WorldStore, toError: (code: string, message: string) => Error): StorePort {
  const { handlers } = store;
  const settle = <T>(reply: StoreReply<T>): T => {
    if ('failure' in reply) throw toError(reply.failure.code, reply.failure.message);
    return reply.value;
  };
  return {
    load: async (call) => settle(handlers.load(call)),
    commit: async (call) => settle(handlers.commit(call)),
    attachment: async (call) => settle(handlers.attachment(call)),
    due: async (call) => settle(handlers.due(call)),
    list: async (call) => settle(handlers.list(call)),
    watching: async (call) => settle(handlers.watching(call)),
    lookUpStart: async (call) => settle(handlers.lookUpStart(call)),
    journal: async (call) => settle(handlers.journal(call)),
    locks: async (call) => settle(handlers.locks(call)),
    recordIncident: async (call) => settle(handlers.recordIncident(call)),
    registry: async (call) => settle(handlers.registry(call)),
    setFreeze: async (call) => settle(handlers.setFreeze(call)),
    recordRejected: async (call) => settle(handlers.recordRejected(call)),
    leftovers: async (call) => settle(handlers.leftovers(call)),
    putLeftover: async (call) => settle(handlers.putLeftover(call)),
  };
}
