import type { LrPoint } from './types';

/** The part of a curve that is drawn. */
export interface Frame {
  /** Learning rates, on a logarithmic axis. */
  from: number;
  to: number;
  /** Losses. */
  least: number;
  most: number;
}

/** A place on an axis, and what stands there. */
export interface Tick {
  value: number;
  label: string;
}

/** What the fall of the loss is times as high as the picture: an explosion may leave it, so that the fall stays visible. */
const HEADROOM = 2;

/** All rates of the curve, and its losses up to a bit above those from which it falls. */
export function frameOf(points: readonly LrPoint[]): Frame {
  const losses = points.map(({ smoothed }) => smoothed);
  const least = Math.min(...losses);
  const highest = Math.max(...losses);
  const before = Math.max(...losses.slice(0, losses.indexOf(least) + 1));
  const most = before > least ? Math.min(highest, least + HEADROOM * (before - least)) : highest;
  const pad = most > least ? 0.04 * (most - least) : Math.max(0.01, Math.abs(least) * 0.01);
  return { from: points[0]?.lr ?? 1, to: points.at(-1)?.lr ?? 10, least: Math.max(0, least - pad), most: most + pad };
}

/** Where a rate is on the axis, from 0 to 1. */
export function placeOfRate({ from, to }: Frame, lr: number): number {
  return to > from ? Math.log(lr / from) / Math.log(to / from) : 0.5;
}

/** Where a loss is on the axis, from 0 at the bottom to 1; outside of it for what is not drawn. */
export function placeOfLoss({ least, most }: Frame, loss: number): number {
  return (loss - least) / (most - least);
}

/** Two digits that count, as an option takes them: `0.0012`, `3.2e-6`. */
export function rateText(lr: number): string {
  const short = lr.toExponential(1);
  const value = Number(short);
  return value < 1e-3 || value >= 1e5 ? short.replace('.0e', 'e').replace('e+', 'e') : String(value);
}

/** The powers of ten among the rates; in a narrow range also their double and five times as much, or just its ends. */
export function rateTicks({ from, to }: Frame): Tick[] {
  for (const steps of [[1], [1, 2, 5]]) {
    const ticks: Tick[] = [];
    for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
      for (const step of steps) {
        const value = Number(`${step}e${power}`);
        if (value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9)) ticks.push({ value, label: rateText(value) });
      }
    }
    if (ticks.length >= 2) return ticks;
  }
  return [from, to].map((value) => ({ value, label: rateText(value) }));
}

/** Ticks may be a bit closer than asked for. */
const CLOSE = 0.7;

/** About `count` round losses. */
export function lossTicks({ least, most }: Frame, count: number): Tick[] {
  const rough = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((times) => times * power >= CLOSE * rough) ?? 10);
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(least / step - 1e-9);
  const last = Math.floor(most / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const value = (first + i) * step;
    return { value, label: value.toFixed(places) };
  });
}

/**
 * The ticks, or every second, third and so on of them, so that no label touches the next.
 *
 * @param place where a tick is, in the width of a digit
 */
export function thinned(ticks: readonly Tick[], place: (tick: Tick) => number): Tick[] {
  for (let every = 1; ; every++) {
    const some = ticks.filter((_, i) => i % every === 0);
    const fits = some.every((tick, i) => {
      const next = some[i + 1];
      return next === undefined || place(next) - place(tick) >= (tick.label.length + next.label.length) / 2 + 1;
    });
    if (fits) return some;
  }
}
