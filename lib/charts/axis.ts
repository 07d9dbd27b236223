import { printable } from '../text/printable';
import { shareText } from './shares';

/** Pixels of the text of a drawing, which is 480 of them wide. */
export const FONT = 13;

/** An axis: its name, its range where that is not the data's, and how its figures are written. */
export interface Axis {
  name: string;
  min?: number;
  max?: number;
  /** Whether only whole numbers have a tick. */
  whole?: boolean;
  /** `percent` of a share; `short`: three digits, and an exponent where there would be many zeros. */
  figures?: 'percent' | 'short';
  /** Whether equal steps are equal ratios; all values are then above 0. */
  log?: boolean;
}

const SHORT = (value: number): string => {
  const short = Number(value.toPrecision(3));
  return Math.abs(short) >= 1e4 ? short.toExponential() : String(short);
};

/** Ticks of an axis of whole numbers, at most. */
const MOST_TICKS = 8;

/** The least of 1, 2, 5, 10, 20 … by which so many ticks are enough. */
function wholeStep(span: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(span / MOST_TICKS)));
  return [1, 2, 5, 10].map((one) => one * power).find((step) => span / step <= MOST_TICKS) ?? 10 * power;
}

/**
 * An axis as ECharts takes it.
 *
 * @param nameGap of an axis that has its name below it, and a line
 * @param digits of per cents
 */
export function axis(
  { name, min, max, whole, figures, log }: Axis,
  { nameGap, digits = 1 }: { nameGap?: number; digits?: number },
): object {
  const step = whole === true && max !== undefined ? wholeStep(Math.max(1, max - (min ?? 0))) : undefined;
  return {
    type: log === true ? 'log' : 'value',
    scale: true,
    ...(nameGap === undefined ? {} : { name: printable(name), nameLocation: 'middle', nameGap }),
    nameTextStyle: { color: 'var(--dim)', fontSize: FONT },
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    splitNumber: 5,
    ...(step === undefined ? {} : { interval: step }),
    axisLabel: {
      color: 'var(--dim)',
      fontSize: FONT,
      hideOverlap: true,
      // The end of the axis has a tick wherever it lies, which may be right beside the last of the others.
      ...(step === undefined ? {} : { showMaxLabel: (max ?? 0) % step === 0 }),
      ...(figures === undefined
        ? {}
        : { formatter: figures === 'percent' ? (value: number) => shareText(value, digits) : SHORT }),
    },
    axisLine: { show: nameGap !== undefined, lineStyle: { color: 'var(--dim)' } },
    axisTick: { show: nameGap !== undefined, lineStyle: { color: 'var(--dim)' } },
    splitLine: { show: nameGap === undefined, lineStyle: { color: 'var(--grid)' } },
  };
}
