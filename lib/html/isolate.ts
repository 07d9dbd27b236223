/** Unicode's blocks of scripts that are written from right to left. */
const RIGHT_TO_LEFT = String.raw`\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}`;

/** Words of such scripts, with what may stand between those of one name; not what takes names apart, as in a path or a list. */
const WORDS = new RegExp(`[${RIGHT_TO_LEFT}]+(?:[ \\d._\\-]+[${RIGHT_TO_LEFT}]+)*`, 'gu');

/**
 * Markup in which each name that is written from right to left stands by itself: else a colon or a figure after it would be drawn on its other
 * side, and what follows in front of it.
 *
 * @param escaped text in which nothing is markup any more
 */
export const isolated = (escaped: string): string => escaped.replace(WORDS, (words) => `<bdi>${words}</bdi>`);
