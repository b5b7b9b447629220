const FULL = '█';
const EMPTY = '░';

/** A bar of `width` cells; a part above nothing shows at least one, a part below everything leaves at least one. */
export const barText = (part: number, width: number): string => {
  const bounded = Math.min(1, Math.max(0, part));
  let cells = Math.round(bounded * width);
  if (bounded > 0 && cells === 0) cells = 1;
  if (bounded < 1 && cells === width) cells = width - 1;
  return FULL.repeat(cells) + EMPTY.repeat(width - cells);
};
