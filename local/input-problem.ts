/** What is wrong with a file that was given to us, and where. */
export interface InputProblem {
  readonly file: string;
  /** From 1; null where the problem is the file itself. */
  readonly line: number | null;
  readonly column: number | null;
  readonly code: string;
  readonly what: string;
  readonly mend: string;
}

/** One line for a terminal, in the shape of the rollout file's own problems: `file:line:column  code  what  mend`. */
export const formatInputProblem = ({ file, line, column, code, what, mend }: InputProblem): string => {
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return `${place}  ${code}  ${what}  ${mend}`;
};

/** Something that was read, or why it could not be. */
export type Read<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'problems'; readonly problems: readonly InputProblem[] };
