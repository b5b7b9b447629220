/** Gates that are built. Tripwires run at each look and can only fail; judges speak at the end of a bake. */
export const TRIPWIRES = ['errors.fast', 'unanswered', 'split', 'ready', 'queue'] as const;
export const JUDGES = ['errors', 'ttft.slo'] as const;
