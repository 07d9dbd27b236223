import type { Figure } from './types';

export type Unit = 'images/s' | 's' | 'MB';

/** A number with three digits that count, and its unit. */
export function amount(value: number, unit: Unit): string {
  return `${digits(value)} ${unit}`;
}

/** Three digits that count; whole numbers beyond. */
export function digits(value: number): string {
  if (value >= 100) return String(Math.round(value));
  if (value === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(value)));
  return value.toFixed(Math.min(places, 8));
}

/** `22.1 images/s, spread 4 %`, or why there is none. */
export function figureText(figure: Figure): string {
  if ('skipped' in figure) return `not measured, ${figure.skipped}`;
  const { imagesPerSecond, spread, sample } = figure;
  const parts = [amount(imagesPerSecond, 'images/s')];
  if (spread !== null) parts.push(`spread ${spreadText(spread)}`);
  if (sample) parts.push('a sample');
  return parts.join(', ');
}

/** `4 %`; `-` where a single value has none. */
export function spreadText(spread: number | null): string {
  return spread === null ? '-' : `${Math.round(spread * 100)} %`;
}
