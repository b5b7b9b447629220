import { Ansis } from 'ansis';

export type Paint = (text: string) => string;

/** The few colours that mean something; without colour every one of them changes nothing. */
export interface Palette {
  readonly strong: Paint;
  readonly faint: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly fresh: Paint;
}

const COLORS_16 = 1;

export const createPalette = (useColor: boolean): Palette => {
  const ansis = new Ansis(useColor ? COLORS_16 : 0);
  return {
    strong: (text) => ansis.bold(text),
    faint: (text) => ansis.dim(text),
    good: (text) => ansis.green(text),
    bad: (text) => ansis.red(text),
    warn: (text) => ansis.yellow(text),
    fresh: (text) => ansis.cyan(text),
  };
};
