type Results<T extends readonly unknown[]> = { -readonly [K in keyof T]: Awaited<T[K]> };

/**
 * Like `Promise.all`, but nothing is left running when one fails: an invocation may only end after every call of its
 * has (protocol P3: what still runs after the answer would resume much later).
 * @throws the first failure in the order of the list, once all have settled.
 */
export const all = async <T extends readonly unknown[] | []>(promises: T): Promise<Results<T>> => {
  const settled = (await Promise.allSettled(
    promises as readonly unknown[],
  )) as PromiseSettledResult<unknown>[];
  const values = settled.map((result) => {
    if (result.status === 'rejected') throw result.reason as Error;
    return result.value;
  });
  return values as Results<T>;
};
