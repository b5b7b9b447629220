/** `a=b,c=d`, as the API writes a selector. */
export const labelSelectorOf = (selector: Readonly<Record<string, string>>): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
