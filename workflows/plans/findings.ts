import { FINDING_CODES, type FindingCode } from './finding-codes.ts';
import type { Finding } from './plan.ts';

/**
 * One finding.
 * @param object `Kind namespace/name`.
 * @param what the case in one sentence, with its names and figures.
 * @param severity where the case is milder than the table says, e.g. an autoscaler that the file tells to leave.
 */
export const finding = (
  code: FindingCode,
  object: string,
  what: string,
  severity: Finding['severity'] = FINDING_CODES[code].severity,
): Finding => ({
  severity,
  code,
  object,
  what,
  why: FINDING_CODES[code].why,
  mend: FINDING_CODES[code].mend,
});

/** `Kind namespace/name`, as findings and people name an object. */
export const nameOf = (
  object: {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
  },
  defaultNamespace?: string,
): string => {
  const namespace = object.metadata.namespace ?? defaultNamespace;
  return `${object.kind} ${namespace === undefined ? '' : `${namespace}/`}${object.metadata.name}`;
};

const RANK = { E: 0, W: 1, I: 2 } as const;

/** Errors first, then by code and object; doubles removed. So the order of lists in the cluster does not show. */
export const sortFindings = (findings: readonly Finding[]): readonly Finding[] => {
  const unique = new Map(findings.map((one) => [`${one.code} ${one.object} ${one.what}`, one]));
  return [...unique.entries()]
    .sort(([keyA, a], [keyB, b]) => RANK[a.severity] - RANK[b.severity] || (keyA < keyB ? -1 : 1))
    .map(([, one]) => one);
};
