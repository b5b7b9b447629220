/** Rules of the repository that the lint cannot say. Each has a test of its own that it finds what it looks for. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ProjectFile, projectFiles, ROOT } from '../helpers/project-files.ts';

const FILES = projectFiles();
const SOURCES = FILES.filter(({ path }) => /\.(ts|mjs)$/.test(path));
const PAGES = FILES.filter(({ path }) => path.endsWith('.md'));
const CODE = SOURCES.filter(({ path }) => !path.startsWith('test/'));

const LINES_MAX = 300;
/** Tests are flat lists of cases: longer, and no harder to read for it. */
const TEST_LINES_MAX = 500;

/** Longer than that, and why. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'workflows/rollout/machine.ts': 'a statechart is read whole',
  'workflows/rollout/step.ts': 'all oddities of XState in one place',
  'workflows/ports.ts': 'one list of interfaces, half of it comments',
  'workflows/plans/finding-codes.ts': 'one table',
  'simulator/world/kubernetes/kube-path.ts': 'every path of the API in one table',
  'simulator/world/kubernetes/kube-server.ts': 'every verb of the API behind one interface',
};

const linesOf = (text: string): number => text.split('\n').length - 1;

const tooLong = (files: readonly ProjectFile[]): readonly string[] =>
  files
    .filter(({ path, text }) => linesOf(text) > (path.startsWith('test/') ? TEST_LINES_MAX : LINES_MAX))
    .map(({ path }) => path);

/** What a passer-by cannot know: who wrote it, in which sitting, on which machine, for which ticket. */
const STRANGE: readonly RegExp[] = [
  /\b(Claude|Anthropic|Copilot|ChatGPT|Codex)\b/,
  /\bsub-?agents?\b/i,
  /\b(AI|coding|autonomous|another|other|helper) agents?\b/i,
  /\b(this|that|another|previous|earlier|next|last) session\b/i,
  /\bissues? ?#?\d+\b/i,
  /\(#\d+\)|\b(PR|fixes|closes|see|refs?) #\d+/i,
  /\/work\/(main|shared|\.library)/,
  /\/tmp\/(brief|bash_)/,
  // A section of a page that is not in the repository.
  /\b(design|operations|measured(\.md)?) §/,
];

const TODO = /\b(TODO|FIXME|XXX|HACK)\b/;
/** `TODO: ` and what must happen first. */
const TODO_WITH_REASON = /\bTODO: \S.{15,}/;

const matching = (
  files: readonly ProjectFile[],
  finds: (line: string, file: ProjectFile) => boolean,
): readonly string[] =>
  files.flatMap((file) =>
    file.text
      .split('\n')
      .flatMap((line, index) =>
        finds(line, file) ? [`${file.path}:${String(index + 1)}: ${line.trim()}`] : [],
      ),
  );

const isStrange = (line: string): boolean => STRANGE.some((pattern) => pattern.test(line));
const isBareTodo = (line: string): boolean => TODO.test(line) && !TODO_WITH_REASON.test(line);

/** This file names what it forbids. */
const notItself = ({ path }: ProjectFile): boolean => path !== 'test/unit/tidy.test.ts';

/** Anchors as GitHub makes them. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split('\n')
      .filter((line) => /^#{1,6} /.test(line))
      .map((line) => slug(line.replace(/^#+ /, ''))),
  );

/** Code is no prose: links in it are not followed. */
const withoutCode = (text: string): string =>
  text.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '');

const brokenLinks = (page: ProjectFile): readonly string[] =>
  [...withoutCode(page.text).matchAll(/\]\(([^)\s]+)\)|<img[^>]+src="([^"]+)"/g)].flatMap((match) => {
    const link = match[1] ?? match[2] ?? '';
    if (/^[a-z]+:/.test(link)) return [];
    const [file = '', anchor] = link.split('#');
    const path = file === '' ? page.path : normalize(join(dirname(page.path), file));
    const isThere = existsSync(join(ROOT, path));
    const target = FILES.find((found) => found.path === path);
    const hasAnchor = anchor === undefined || target === undefined || anchorsOf(target.text).has(anchor);
    return isThere && hasAnchor ? [] : [`${page.path}: ${link}`];
  });

describe('the repository', () => {
  test('is read whole', () => {
    console.log(`tidy: ${String(FILES.length)} files read, ${String(SOURCES.length)} of them sources`);
    expect(SOURCES.length).toBeGreaterThan(250);
    expect(CODE.length).toBeGreaterThan(150);
    expect(PAGES.length).toBeGreaterThan(10);
  });

  test('has no long files but those that are listed, and lists none that are short', () => {
    expect(tooLong(SOURCES).toSorted()).toEqual(Object.keys(LONG_FILES).toSorted());
  });

  test('has no TODO without saying what must happen first', () => {
    expect(matching(SOURCES.filter(notItself), isBareTodo)).toEqual([]);
  });

  test('speaks of nothing that a reader cannot look up', () => {
    expect(matching(FILES.filter(notItself), isStrange)).toEqual([]);
  });

  test('finds what it looks for', () => {
    const planted = [
      'as the previous session found',
      'see issue 12',
      'fixes (#7)',
      'cd /work/main',
      'a TODO for later',
      'TODO: drop this when the API server serves v1',
      'session affinity keeps users on one side',
    ];
    expect(planted.map((line) => [isStrange(line), isBareTodo(line)])).toEqual([
      [true, false],
      [true, false],
      [true, false],
      [true, false],
      [false, true],
      [false, false],
      [false, false],
    ]);
    expect(tooLong([{ path: 'workflows/long.ts', text: 'x\n'.repeat(301) }])).toEqual(['workflows/long.ts']);
  });
});

describe('the pages', () => {
  test('link to nothing that is not there', () => {
    expect(PAGES.flatMap(brokenLinks)).toEqual([]);
    expect(
      brokenLinks({ path: 'docs/x.md', text: '[a](nowhere.md) [b](../README.md#no-such-heading)' }),
    ).toEqual(['docs/x.md: nowhere.md', 'docs/x.md: ../README.md#no-such-heading']);
  });

  test('of docs are all in its index', () => {
    const index = PAGES.find(({ path }) => path === 'docs/README.md')?.text ?? '';
    const pages = PAGES.filter(({ path }) => path.startsWith('docs/') && path !== 'docs/README.md');
    expect(
      pages.filter(({ path }) => !index.includes(`(${path.slice('docs/'.length)})`)).map(({ path }) => path),
    ).toEqual([]);
  });

  test('of decisions are numbered without gaps, dated, and say what was decided', () => {
    const decisions = PAGES.filter(({ path }) => path.startsWith('docs/decisions/'));
    expect(
      decisions.map(({ path }) => path.slice('docs/decisions/'.length, 'docs/decisions/'.length + 4)),
    ).toEqual(decisions.map((_, index) => String(index + 1).padStart(4, '0')));
    const faults = decisions.filter(
      ({ text }) =>
        !/^# \S.*\n\n\d{4}-\d{2}-\d{2} · (accepted|superseded by \[\d{4}\])/.test(text) ||
        !text.includes('## Decision') ||
        linesOf(text) > 60,
    );
    expect(faults.map(({ path }) => path)).toEqual([]);
  });
});
