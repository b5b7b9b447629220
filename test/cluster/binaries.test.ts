import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { BINARY_NAMES, buildBinaries } from './control-plane/build-binaries.ts';
import { findBinaries } from './control-plane/find-binaries.ts';
import { withFolderLock } from './control-plane/folder-lock.ts';

const silent = (): void => undefined;

describe('the lock of a build', () => {
  test('lets one in at a time, and says who is waited for', async () => {
    using folder = temporaryFolder();
    const lock = folder.at('lock');
    const events: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      events.push(`${name} ends`);
    };
    const said: string[] = [];
    const both = [
      withFolderLock(lock, silent, work('first')),
      withFolderLock(lock, (line) => said.push(line), work('second')),
    ];
    await Promise.all(both);
    expect(events).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
    expect(said).toEqual([`waiting for process ${String(process.pid)}, which is building`]);
    expect(existsSync(lock)).toBe(false);
  });

  test('is taken over from a process that is gone', async () => {
    using folder = temporaryFolder();
    const lock = folder.at('lock');
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    mkdirSync(lock);
    writeFileSync(`${lock}/pid`, String(child.pid));
    let ran = false;
    await withFolderLock(lock, silent, async () => {
      ran = true;
    });
    expect([ran, existsSync(lock)]).toEqual([true, false]);
  });

  test('is free again after work that failed', async () => {
    using folder = temporaryFolder();
    const lock = folder.at('lock');
    const failing = withFolderLock(lock, silent, () => Promise.reject(new Error('no disk')));
    await expect(failing).rejects.toThrow('no disk');
    expect(existsSync(lock)).toBe(false);
  });
});

describe('binaries', () => {
  const saved = { path: process.env['PATH'], assets: process.env['KUBEBUILDER_ASSETS'] };
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };

  beforeEach(() => set('KUBEBUILDER_ASSETS', undefined));
  afterEach(() => {
    set('PATH', saved.path);
    set('KUBEBUILDER_ASSETS', saved.assets);
  });

  test('come from KUBEBUILDER_ASSETS, without a build', async () => {
    using folder = temporaryFolder();
    for (const name of BINARY_NAMES) writeFileSync(folder.at(name), '', { mode: 0o755 });
    set('KUBEBUILDER_ASSETS', folder.path);
    const lines: string[] = [];
    const found = await findBinaries((line) => lines.push(line));
    const paths = Object.fromEntries(BINARY_NAMES.map((name) => [name, folder.at(name)]));
    expect([found, lines]).toEqual([{ kind: 'found', paths }, []]);
  });

  test('are missed in a sentence where there is neither a folder of them nor Go', async () => {
    using folder = temporaryFolder();
    set('PATH', folder.path);
    expect(await findBinaries(silent)).toEqual({
      kind: 'absent',
      sentence:
        'No etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, kubectl: KUBEBUILDER_ASSETS names no folder with them and there is no Go to build them.',
    });
  });

  test('get their name only when they are whole, and a build that fails says what Go said', async () => {
    using tools = temporaryFolder();
    using cache = temporaryFolder();
    // A Go that writes half a program and gives up.
    const go =
      '#!/bin/sh\nfor last; do case $before in -o) echo half > "$last";; esac; before=$last; done\necho "no space left" >&2; exit 1\n';
    writeFileSync(tools.at('go'), go, { mode: 0o755 });
    set('PATH', `${tools.path}:${saved.path ?? ''}`);
    const lines: string[] = [];
    const building = buildBinaries(cache.at('bin'), ['etcd'], (line) => lines.push(line));
    await expect(building).rejects.toThrow(/etcd\/server\/v3 ended with code 1:\nno space left/);
    expect([existsSync(cache.at('bin/etcd.half')), existsSync(cache.at('bin/etcd'))]).toEqual([true, false]);
    expect(lines).toEqual([`building etcd (once, into ${cache.at('bin')})`]);
  });
});
