/**
 * What another process is connected to, as Linux tells: its open sockets, and the kernel's table of TCP connections.
 * Source: proc(5), /proc/pid/fd, /proc/pid/net/tcp.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Connection {
  /** `127.0.0.1:8080` */
  readonly local: string;
  readonly remote: string;
  readonly isListening: boolean;
}

export interface ProcessOpenings {
  readonly tcp: readonly Connection[];
  /** Everything else that it holds open beside files, with the descriptor's number: `1 unix`, `7 pipe`, `9 udp`. */
  readonly others: readonly string[];
  readonly children: readonly number[];
}

export const canLook = existsSync('/proc/self/net/tcp');

const LISTEN = '0A';

/** `0100007F:1F90` is `127.0.0.1:8080`: the bytes of an address come in the machine's order. */
const addressOf = (hex: string): string => {
  const [host = '', port = ''] = hex.split(':');
  const bytes = (host.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).toReversed();
  return `${bytes.join('.')}:${Number.parseInt(port, 16)}`;
};

const lines = (path: string): readonly (readonly string[])[] => {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line) => line.trim().split(/\s+/));
  } catch {
    return [];
  }
};

interface OpenFile {
  readonly fd: string;
  readonly target: string;
}

const openFiles = (pid: number): readonly OpenFile[] => {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [{ fd, target: readlinkSync(`${folder}/${fd}`) }];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
};

const childrenOf = (pid: number): readonly number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    try {
      const text = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
      return text === '' ? [] : text.split(' ').map(Number);
    } catch {
      return [];
    }
  });

/** Addresses of IPv6 are read as well; they show as their sixteen bytes, and so are nobody's whom a test knows. */
const connectionsOf = (pid: number): ReadonlyMap<string, Connection> => {
  const found = new Map<string, Connection>();
  for (const table of ['tcp', 'tcp6']) {
    for (const [, local = '', remote = '', state, , , , , , inode = ''] of lines(`/proc/${pid}/net/${table}`))
      found.set(inode, {
        local: addressOf(local),
        remote: addressOf(remote),
        isListening: state === LISTEN,
      });
  }
  return found;
};

/** Kinds of sockets that are no TCP, with the column of the inode. */
const OTHER_KINDS = [
  ['unix', 6],
  ['udp', 9],
  ['udp6', 9],
  ['raw', 9],
  ['netlink', 9],
] as const;

const otherSockets = (pid: number): ReadonlyMap<string, string> =>
  new Map(
    OTHER_KINDS.flatMap(([kind, column]) =>
      lines(`/proc/${pid}/net/${kind}`).map((line): [string, string] => [line[column] ?? '', kind]),
    ),
  );

/** A socket that no table knows was closed between the two looks. @throws Error when the process is gone. */
export const openingsOf = (pid: number): ProcessOpenings => {
  const files = openFiles(pid);
  const connections = connectionsOf(pid);
  const kinds = otherSockets(pid);
  const tcp: Connection[] = [];
  const others: string[] = [];
  for (const { fd, target } of files) {
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '';
    const connection = connections.get(inode);
    const kind = kinds.get(inode) ?? (inode === '' && !target.startsWith('/') ? target : null);
    if (connection !== undefined) tcp.push(connection);
    else if (kind !== null) others.push(`${fd} ${kind.replace(/:?\[.*\]$/, '')}`);
  }
  return { tcp, others, children: childrenOf(pid) };
};

/** Its environment as it was started with. */
export const environmentOf = (pid: number): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((entry) => entry.includes('='))
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
