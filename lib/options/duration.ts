const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Spans of time as a person writes them: `90s`, `20m`, `1h30m`. */
export const DURATION = String.raw`(?=.*[1-9])(?:\d+(?:\.\d+)?[dhms])+`;
export const DURATION_PATTERN = new RegExp(`^${DURATION}$`);

/** Seconds of a span that {@link DURATION_PATTERN} matches. */
export function secondsOf(duration: string): number {
  let seconds = 0;
  for (const [, number = '', unit = ''] of duration.matchAll(/(?<![\d.])([\d.]+)([dhms])/g)) {
    seconds += Number(number) * (UNITS[unit] ?? NaN);
  }
  return seconds;
}
