/** 0.975 quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/** The range of a true share with 95 % confidence. */
export interface Interval {
  /** Its lower end. */
  low: number;
  /** Its upper end. */
  high: number;
}

/**
 * Wilson's score interval of a binomial share at 95 %, without continuity correction.
 *
 * E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209-212; recommended over
 * the normal approximation by Brown, Cai and DasGupta, Interval estimation for a binomial proportion, Statistical Science 16
 * (2001) 101-133, equation (4).
 *
 * @param successes 0..trials
 * @param trials at least 1
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  const share = successes / trials;
  const scale = 1 + (Z * Z) / trials;
  const centre = (share + (Z * Z) / (2 * trials)) / scale;
  const half = (Z / scale) * Math.sqrt((share * (1 - share)) / trials + (Z * Z) / (4 * trials * trials));
  // Both ends are exact there; rounding must not put them beyond.
  return {
    low: successes === 0 ? 0 : centre - half,
    high: successes === trials ? 1 : centre + half,
  };
}
