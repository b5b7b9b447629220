import { spawn } from 'node:child_process';

/**
 * Cleans up when the test process cannot: a shell in a session of its own that waits on a pipe from this process. The
 * kernel closes the pipe whatever this process dies of; then the shell kills what it was told about, if it still is that
 * (its command line names the folder), and removes namespaces and folder.
 */
export interface Watchdog {
  /** A process to kill. */
  kills(pid: number): void;
  /** A network namespace to remove. */
  removesNamespace(name: string): void;
  /** All is cleaned up already: forget it. Resolves when the shell is gone. */
  dismiss(): Promise<void>;
}

const SCRIPT = `
folder=$1; pids=; namespaces=
while read -r word value; do
  case $word in
    pid) pids="$pids $value" ;;
    namespace) namespaces="$namespaces $value" ;;
    dismiss) exit 0 ;;
  esac
done
for pid in $pids; do
  case $(ps -o args= -p "$pid" 2>/dev/null) in *"$folder"*) kill -9 "$pid" ;; esac
done
for name in $namespaces; do ip netns delete "$name"; done
sleep 0.2
rm -rf "$folder" || { sleep 1; rm -rf "$folder"; }
`;

/** `folder` is removed too. */
export const startWatchdog = (folder: string): Watchdog => {
  const shell = spawn('sh', ['-c', SCRIPT, 'sluice-watchdog', folder], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = new Promise<void>((resolve) => {
    shell.once('close', () => resolve());
  });
  shell.stdin.on('error', () => undefined);
  shell.unref();
  const tell = (line: string): void => {
    shell.stdin.write(`${line}\n`);
  };
  return {
    kills: (pid) => tell(`pid ${String(pid)}`),
    removesNamespace: (name) => tell(`namespace ${name}`),
    dismiss: () => {
      shell.ref();
      tell('dismiss');
      shell.stdin.end();
      return gone;
    },
  };
};
