/** Whole texts that are no rollout files, each with its one problem at a literal place. */
export interface BrokenText {
  readonly name: string;
  readonly text: () => string;
  readonly line: number;
  readonly column: number;
  readonly code: string;
}

const HEAD = `apiVersion: sluice.dev/v1
kind: Rollout
metadata: { name: llm-to-h200 }
spec:
  type: node
  cluster: projects/acme/locations/us-central1/clusters/inference
  namespace: serving
  from: { pool: llm }
  to: { pool: llm-new, source: existing }
  retention: { retire: keep }
`;

/** Line 11 of a file. */
const withLine = (line: string) => () => `${HEAD}${line}\n`;

/** Each alias stands for ten of the one before: a million values in few bytes. */
const aliasBomb = (): string => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 6; level += 1) {
    const item = `*a${level - 1}`;
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => item).join(', ')}]`);
  }
  return `${HEAD}  acknowledge:\n    ${lines.join('\n    ')}\n`;
};

export const BROKEN_TEXTS: readonly BrokenText[] = [
  { name: 'nothing', text: () => '', line: 1, column: 1, code: 'file-empty' },
  { name: 'white space', text: () => '\n\n  \n', line: 1, column: 1, code: 'file-empty' },
  { name: 'a comment', text: () => '# later\n', line: 1, column: 1, code: 'file-empty' },
  { name: 'three dashes', text: () => '---\n', line: 1, column: 1, code: 'file-empty' },
  { name: 'null', text: () => 'null\n', line: 1, column: 1, code: 'file-empty' },
  { name: 'a text', text: () => 'rollout\n', line: 1, column: 1, code: 'not-a-mapping' },
  { name: 'a number', text: () => '\n7\n', line: 2, column: 1, code: 'not-a-mapping' },
  { name: 'a list', text: () => '- apiVersion: sluice.dev/v1\n', line: 1, column: 1, code: 'not-a-mapping' },
  { name: 'megabytes', text: () => 'a: b\n'.repeat(1_000_000), line: 1, column: 1, code: 'file-too-large' },
  {
    name: 'wide characters',
    text: () => `# ${'€'.repeat(22_000)}\n`,
    line: 1,
    column: 1,
    code: 'file-too-large',
  },
  { name: 'open brackets', text: () => '['.repeat(60_000), line: 1, column: 65, code: 'too-deep' },
  { name: 'dashes', text: () => '- '.repeat(30_000), line: 1, column: 129, code: 'too-deep' },
  { name: 'aliases of aliases', text: aliasBomb, line: 16, column: 24, code: 'too-many-aliases' },
  { name: 'a tab in a block’s head', text: () => '> -\t]', line: 1, column: 3, code: 'yaml-syntax' },
  { name: 'UTF-16', text: () => 'a\0:\0 \0b\0', line: 1, column: 2, code: 'control-character' },
  { name: 'old line ends', text: () => 'a: 1\rb: 2\r', line: 1, column: 5, code: 'control-character' },
  { name: 'half a character', text: () => 'a: \ud800\n', line: 1, column: 4, code: 'bad-encoding' },
  {
    name: 'an anchor without a value',
    text: withLine('  ladder: &a &b 5'),
    line: 11,
    column: 14,
    code: 'yaml-syntax',
  },
  {
    name: 'too many rungs',
    text: withLine(
      `  ladder: [${Array.from({ length: 30 }, (_, index) => `{ share: ${index + 1}, bake: 1m }`).join(', ')}, { share: 100, bake: 1m }]`,
    ),
    line: 11,
    column: 11,
    code: 'too-many-items',
  },
];
