import type { CheckReport, JudgedBy } from './types';

const PARTS = { embeddings: 'look-alikes by embeddings', labels: 'probable wrong labels' } as const;

/** What was not done, for one reason. */
export interface NotDone {
  /** That it was not looked for, or could not be judged. */
  what: string;
  /** What was not done, as a list. */
  parts: string;
  /** A clause, which may be followed by sentences, without a full stop. */
  reason: string;
}

/** The parts of the check that were not done, by their reasons. */
export function notDone({ skipped, judgedBy }: CheckReport): NotDone[] {
  // A model that was named did look.
  const what = judgedBy === null ? 'not looked for' : 'could not be judged';
  return [...new Set(skipped.map(({ reason }) => reason))].map((reason) => {
    const parts = skipped.filter((one) => one.reason === reason).map(({ part }) => PARTS[part]);
    return { what, parts: parts.join(', '), reason };
  });
}

/** By what labels were judged; undefined where they were not. */
export function labelsJudgedBy({ judgedBy, skipped }: CheckReport): (JudgedBy & { accuracy: number }) | undefined {
  // Where they could not be told, the reason has the figures.
  if (judgedBy === null || skipped.some(({ part }) => part === 'labels')) return undefined;
  const { accuracy } = judgedBy;
  return accuracy === null ? undefined : { ...judgedBy, accuracy };
}
