import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { isAlive } from '../control-plane/processes.ts';
import type { Watchdog } from '../control-plane/watchdog.ts';

/**
 * A network namespace with a subnet of its own, joined to the machine by a veth pair: addresses that an API server's pod
 * proxy may call (it refuses loopback) and that a process inside can listen on. Needs Linux and root.
 */
export interface NetworkNamespace {
  readonly name: string;
  /** Addresses inside that nobody has taken are taken and given back here. */
  takeAddress(): string;
  giveBack(address: string): void;
  /** Removes it and all that is in it; a second call does no harm. */
  close(): Promise<void>;
}

/** Nothing outside a laboratory uses 198.18.0.0/15 (RFC 2544). */
const NETWORK = '198.18';
const PREFIX = 'sluice-test-';
/** The upper half of the subnet is the pods'; .1 is the machine's end, .2 the namespace's own. */
const FIRST_POD = 129;
const LAST_POD = 254;

const run = promisify(execFile);
const ip = async (...args: readonly string[]): Promise<string> => (await run('ip', [...args])).stdout;

/** Null where namespaces can be made, else why not. */
export const namespacesMissing = async (): Promise<string | null> => {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    await ip('netns', 'list');
    return null;
  } catch {
    return 'there is no `ip` command (iproute2)';
  }
};

/** Removes namespaces of test processes that are gone. Returns their names. */
export const removeLeftNamespaces = async (): Promise<readonly string[]> => {
  const names = (await ip('netns', 'list')).split('\n').map((line) => line.split(' ')[0] ?? '');
  const left = names.filter((name) => {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    return pid !== undefined && !isAlive(Number(pid));
  });
  for (const name of left) await ip('netns', 'delete', name);
  return left;
};

/** A /24 that no interface of the machine has. */
const freeSubnet = async (): Promise<string> => {
  const taken = await ip('-4', 'addr', 'show');
  const numbers = Array.from({ length: 256 }, (_, index) => (index + (randomBytes(1)[0] ?? 0)) % 256);
  const free = numbers.find((number) => !taken.includes(`${NETWORK}.${String(number)}.`));
  if (free === undefined) throw new Error(`every subnet of ${NETWORK}.0.0/16 is taken`);
  return `${NETWORK}.${String(free)}`;
};

const addressBook = (subnet: string): Pick<NetworkNamespace, 'takeAddress' | 'giveBack'> => {
  // First in, first out: an address that is free again rests longest before somebody else has it.
  const free = Array.from(
    { length: LAST_POD - FIRST_POD + 1 },
    (_, index) => `${subnet}.${String(FIRST_POD + index)}`,
  );
  const all = new Set(free);
  return {
    takeAddress() {
      const address = free.shift();
      if (address === undefined) throw new Error(`no address of ${subnet}.128/25 is left`);
      return address;
    },
    giveBack(address) {
      if (all.has(address) && !free.includes(address)) free.push(address);
    },
  };
};

/** Makes one. It goes with `close`, with this process (by the watchdog), or at the next start. */
export const createNetworkNamespace = async (watchdog: Watchdog): Promise<NetworkNamespace> => {
  await removeLeftNamespaces();
  const tag = randomBytes(3).toString('hex');
  const name = `${PREFIX}${String(process.pid)}-${tag}`;
  const [outside, inside] = [`slu-${tag}a`, `slu-${tag}b`];
  const subnet = await freeSubnet();
  let closing: Promise<unknown> | null = null;
  const close = async (): Promise<void> => {
    closing ??= ip('netns', 'delete', name);
    await closing;
  };
  watchdog.removesNamespace(name);
  await ip('netns', 'add', name);
  try {
    await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name);
    await ip('addr', 'add', `${subnet}.1/24`, 'dev', outside);
    await ip('link', 'set', outside, 'up');
    await ip('-n', name, 'link', 'set', 'lo', 'up');
    await ip('-n', name, 'link', 'set', inside, 'up');
    await ip('-n', name, 'addr', 'add', `${subnet}.2/24`, 'dev', inside);
    // All of the pods' addresses are the namespace's, without an entry for each.
    await ip('-n', name, 'route', 'add', 'local', `${subnet}.128/25`, 'dev', 'lo');
  } catch (error) {
    await close();
    throw error;
  }
  return { name, ...addressBook(subnet), close };
};
