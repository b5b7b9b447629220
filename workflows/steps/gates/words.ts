/** How gates write their sentences: one line that a person can repeat in the incident channel. */

/** 2841 → `2,841`. */
export const count = (value: number): string =>
  String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** A proportion in percent, without digits that say nothing: 0.0014 → `0.14 %`, 0.142 → `14.2 %`, 0.05 → `5 %`. */
export const percent = (proportion: number): string => {
  const value = proportion * 100;
  const digits = value < 1 ? 2 : 1;
  return `${String(Number(value.toFixed(digits)))} %`;
};

/** `0.14 % (4 of 2,841)`; `no requests` where there are none. */
export const ratio = (part: number, whole: number, noun = 'requests'): string =>
  whole === 0 ? `no ${noun}` : `${percent(part / whole)} (${count(part)} of ${count(whole)})`;

/** The pools that a sentence names. */
export interface PoolNames {
  readonly old: string;
  readonly new: string;
}

export const NAMELESS: PoolNames = { old: 'the old side', new: 'the new side' };

/** Both versions of an adapter run on the same pods: what is measured there is held against what was before. */
export const SAME_PODS: PoolNames = { old: 'the same pods before', new: 'the pods' };
