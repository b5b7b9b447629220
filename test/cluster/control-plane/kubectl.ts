import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface KubectlSetting {
  readonly program: string;
  readonly kubeconfig: string;
  /** Its caches go there. */
  readonly folder: string;
}

/** Runs kubectl to its end. A `--kubeconfig` among `args` comes last and wins. */
export const runKubectl = (
  setting: KubectlSetting,
  args: readonly string[],
  stdin = '',
): Promise<KubectlResult> =>
  new Promise((resolve, reject) => {
    const common = ['--kubeconfig', setting.kubeconfig, '--cache-dir', join(setting.folder, 'kubectl')];
    const child = spawn(setting.program, [...common, ...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: setting.folder },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
  });
