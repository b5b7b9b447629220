import type { KubeObject } from '../../../workflows/kubernetes.ts';
import { dictAt, textAt } from './json.ts';
import type { Kind } from './kinds/kind.ts';

export type Predicate = (object: KubeObject) => boolean;

export type Selector =
  | { readonly kind: 'selector'; readonly matches: Predicate }
  | { readonly kind: 'bad'; readonly why: string };

const LABEL_VALUE = '[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?';
const LABEL_KEY = `(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?${LABEL_VALUE}`;
const EQUALITY = new RegExp(`^(${LABEL_KEY})\\s*(==|=|!=)\\s*(${LABEL_VALUE}|)$`);
const SET = new RegExp(`^(${LABEL_KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EXISTS = new RegExp(`^(!?)\\s*(${LABEL_KEY})$`);

/** Parses a label selector: `a=b`, `a!=b`, `a in (b, c)`, `a notin (b)`, `a`, `!a`, joined by commas. */
export function parseLabelSelector(text: string): Selector {
  const predicates: Predicate[] = [];
  for (const part of splitOutsideParentheses(text)) {
    const predicate = parseRequirement(part.trim());
    if (predicate === null) return { kind: 'bad', why: `unable to parse requirement: ${part}` };
    predicates.push(predicate);
  }
  return { kind: 'selector', matches: (object) => predicates.every((predicate) => predicate(object)) };
}

function parseRequirement(text: string): Predicate | null {
  const equality = EQUALITY.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality;
    return operator === '!='
      ? (object) => object.metadata.labels?.[key] !== value
      : (object) => object.metadata.labels?.[key] === value;
  }
  const set = SET.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (object) => {
      const value = object.metadata.labels?.[key];
      const included = value !== undefined && values.has(value);
      return operator === 'in' ? included : !included;
    };
  }
  const exists = EXISTS.exec(text);
  if (exists === null) return null;
  const [, not, key = ''] = exists;
  return (object) => (object.metadata.labels?.[key] !== undefined) === (not === '');
}

function splitOutsideParentheses(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** Fields of built-in kinds that can be selected by, beside name and namespace. */
const POD_FIELDS: Readonly<Record<string, (object: KubeObject) => string>> = {
  'spec.nodeName': (pod) => textAt(pod['spec'], 'nodeName') ?? '',
  'spec.restartPolicy': (pod) => textAt(pod['spec'], 'restartPolicy') ?? '',
  'spec.schedulerName': (pod) => textAt(pod['spec'], 'schedulerName') ?? '',
  'spec.serviceAccountName': (pod) => textAt(pod['spec'], 'serviceAccountName') ?? '',
  'status.phase': (pod) => textAt(dictAt(pod, 'status'), 'phase') ?? '',
  'status.podIP': (pod) => textAt(dictAt(pod, 'status'), 'podIP') ?? '',
};

/** Parses a field selector; which fields there are depends on the kind. */
export function parseFieldSelector(kind: Kind, text: string): Selector {
  const predicates: Predicate[] = [];
  for (const part of text.split(',')) {
    const found = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
    if (found === null)
      return { kind: 'bad', why: `invalid selector: '${part}'; can't understand '${part}'` };
    const [, field = '', operator, value = ''] = found;
    const read = fieldReader(kind, field);
    if (read === null) return { kind: 'bad', why: `field label not supported: ${field}` };
    predicates.push((object) => (read(object) === value) === (operator !== '!='));
  }
  return { kind: 'selector', matches: (object) => predicates.every((predicate) => predicate(object)) };
}

function fieldReader(kind: Kind, field: string): ((object: KubeObject) => string) | null {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace') return (object) => object.metadata.namespace ?? '';
  if (kind.group === '' && kind.plural === 'pods') return POD_FIELDS[field] ?? null;
  return null;
}
