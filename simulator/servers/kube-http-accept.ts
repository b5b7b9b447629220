/** How a caller wants an answer. Source: kubernetes.io, API concepts, alternate representations of resources. */
export interface Wanted {
  readonly as: 'object' | 'table' | 'metadata' | 'discovery';
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

function rangesOf(accept: string): readonly MediaRange[] {
  return accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const pairs = parameters.map((parameter): readonly [string, string] => {
      const [key = '', value = ''] = parameter.split('=', 2);
      return [key, value];
    });
    return { type: type.toLowerCase(), parameters: new Map(pairs) };
  });
}

const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);

/** The first representation of the list that there is; null when there is none: 406. */
export function wantedOf(accept: string | undefined): Wanted | null {
  if (accept === undefined || accept === '') return { as: 'object' };
  for (const { type, parameters } of rangesOf(accept)) {
    if (!JSON_TYPES.has(type)) continue;
    const as = parameters.get('as');
    if (as === undefined) return { as: 'object' };
    if (as === 'Table' && parameters.get('v') !== 'v1beta1') return { as: 'table' };
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { as: 'metadata' };
    if (as === 'APIGroupDiscoveryList' && parameters.get('v') === 'v2') return { as: 'discovery' };
  }
  return null;
}
