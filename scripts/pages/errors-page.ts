/** docs/errors.md: every code that a user can meet, and who acts. */
import { FINDING_CODES } from '../../workflows/plans/finding-codes.ts';
import { API_CODES, END_REASONS, EXCEPTION_CODES } from './codes.ts';
import { GENERATED, markdownTable } from './markdown.ts';

const SEVERITIES = { E: 'error', W: 'warning', I: 'note' } as const;

const findingRows = (): readonly (readonly string[])[] =>
  Object.entries(FINDING_CODES).map(([code, { phases, severity, what, why, mend }]) => [
    `\`${code}\``,
    SEVERITIES[severity],
    phases.join(', '),
    what,
    why,
    mend,
  ]);

const coded = (table: Readonly<Record<string, readonly string[]>>): readonly (readonly string[])[] =>
  Object.entries(table).map(([code, cells]) => [`\`${code}\``, ...cells]);

/** The whole page. */
export const errorsPage = (): string =>
  `${[
    '# Codes',
    GENERATED,
    'Codes are stable: scripts may rely on them, and on nothing in the words beside them. Problems of a rollout file have codes of their own, listed in [the rollout file’s reference](rollout-file.md#problems).',
    '## Findings',
    'What preflight, creating, verifying and deleting can find. An error blocks. A warning blocks until it stands under `spec.acknowledge`, except where it is found while deleting: then what it is about is left behind and reported. A note is only said.',
    markdownTable(['code', 'severity', 'found in', 'what', 'why it matters', 'mend'], findingRows()),
    '## Answers of the API',
    'Errors are problem+json (RFC 9457) with the code as `title` and at the end of `type`. The same actions come as messages; what then reaches no rollout is kept as rejected, under the same code. A code of an exception, below, is answered with 409 (conflict) or 503 (retryable).',
    markdownTable(['code', 'status', 'meaning'], coded(API_CODES)),
    '## Why a rollout did not end in promoted',
    'The rollout’s `reason`.',
    markdownTable(
      ['reason', 'meaning'],
      Object.entries(END_REASONS).map(([reason, meaning]) => [
        reason.includes(' ') ? reason : `\`${reason}\``,
        meaning,
      ]),
    ),
    '## Exceptions',
    'Expected outcomes are values. An exception is of one of four classes, and the class says who acts: retryable, the sender, later (nack); terminal, a person (acknowledged and recorded); conflict, we at once, a bounded number of times, then as retryable; invariant, us, because it is our bug (nack, logged).',
    markdownTable(['code', 'class', 'meaning'], coded(EXCEPTION_CODES)),
  ].join('\n\n')}\n`;
