type Call = (argument: never) => Promise<unknown>;

type Methods<T> = { readonly [K in keyof T]: T[K] extends Call ? true : never };

/**
 * A port that is made at its first call: a function that never asks a cluster loads no client for one. What cannot be made
 * is tried again at the next call.
 * @param methods every method of the port, so that a new one cannot be forgotten.
 */
export const deferredPort = <T extends object>(make: () => Promise<T>, methods: Methods<T>): T => {
  const made = once(make);
  const names = Object.keys(methods) as (keyof T)[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      async (argument: never): Promise<unknown> => {
        const port = await made();
        return (port[name] as Call)(argument);
      },
    ]),
  ) as T;
};

/** Makes something at the first use, and again only if that failed. */
export const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
};
