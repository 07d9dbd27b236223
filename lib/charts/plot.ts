import { html, trusted, type Html } from '../html/html';
import { printable } from '../text/printable';
import { cleanChart } from './clean';
import { drawChart } from './echarts';

// Small, so that the text can still be read where the drawing is as wide as a telephone.
const WIDTH = 480;
const HEIGHT = 270;
const GRID = { left: 60, right: 14, top: 12, bottom: 44 };
/** `100 %` stands below the right end. */
const BAR_GRID = { ...GRID, right: 30 };
const FONT = 13;

/** Points beyond which a curve is drawn without a symbol at each. */
const SYMBOLS = 25;

/** What tells curves from one another beside their colours. */
const DASHES = ['solid', [7, 4], [2, 3], [9, 3, 2, 3], [12, 4], [4, 2], [1, 2], [6, 2, 1, 2, 1, 2]] as const;
const SHAPES = ['circle', 'rect', 'triangle', 'diamond'] as const;

/** One curve. */
export interface Curve {
  name: string;
  /** x and y. */
  points: readonly (readonly [number, number])[];
  /** Drawn thin and pale, behind the others, without a place in the legend; it has the colour of the curve of this number. */
  behind?: number;
}

/** A line that stands at an x. */
export interface Mark {
  x: number;
  name: string;
}

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

/** Curves over one another. */
export interface LinePlot {
  /** Of this plot alone within its page; letters, digits and hyphens. */
  id: string;
  title: string;
  /** What the plot shows, for those who can't see it. */
  description: string;
  x: Axis;
  y: Axis;
  curves: readonly Curve[];
  marks?: readonly Mark[];
}

const colour = (i: number): string => `var(--c${i % 8})`;
const dash = (i: number): (typeof DASHES)[number] => DASHES[i % DASHES.length] ?? 'solid';

/** A plot as a figure: its title, a legend, the drawing, and what a script needs to tell the values under the pointer. */
export function linePlot({ id, title, description, x, y, curves: given, marks = [] }: LinePlot): Html {
  const curves = given.map((one) => (y.log === true ? { ...one, points: one.points.filter(([, at]) => at > 0) } : one));
  const front = curves.filter(({ behind }) => behind === undefined);
  const series = [...curves]
    .sort((a, b) => Number(b.behind !== undefined) - Number(a.behind !== undefined))
    .map((curve) => (curve.behind === undefined ? line(curve, front.indexOf(curve)) : pale(curve, curve.behind)));
  const places = curves.flatMap(({ points }) => points.map(([at]) => at));
  // Told, so that a script knows what stands where.
  const [from, to] = [x.min ?? leastOf(places), x.max ?? -leastOf(places.map((at) => -at))];
  const svg = drawChart(
    {
      textStyle: { fontSize: FONT },
      grid: GRID,
      xAxis: axis({ ...x, ...(places.length === 0 ? {} : { min: from, max: to }) }, { nameGap: 28 }),
      yAxis: axis(y, {}),
      series: [...series, ...marks.map(markLine)],
    },
    WIDTH,
    HEIGHT,
  );
  const data = front.map(({ name, points }) => ({
    name: printable(name),
    points: points.map(([a, b]) => [digits(a), digits(b)]),
  }));
  return html`<figure
    class="plot"
    data-plot="${JSON.stringify({ grid: { ...GRID, from, to }, width: WIDTH, x: x.name, y, curves: data })}"
  >
    <figcaption>${title}</figcaption>
    ${legend(front.map(({ name }) => name))}${cleanChart(svg, { id, title, description })}
    <p class="readout needs-script" hidden></p>
  </figure>`;
}

/** Not spread into arguments: there may be more points than a call takes. */
const leastOf = (values: readonly number[]): number => values.reduce((least, one) => Math.min(least, one), Infinity);

/** The names of curves with a piece of each; nothing where there is one curve that the title names. */
function legend(names: readonly string[]): Html | undefined {
  if (names.length < 2) return undefined;
  return html`<ul class="legend">
    ${names.map((name, i) => html`<li>${sample(i)}<span>${name}</span></li>`)}
  </ul>`;
}

function sample(i: number): Html {
  const pattern = dash(i);
  const dashes = pattern === 'solid' ? '' : ` stroke-dasharray="${pattern.join(' ')}"`;
  return trusted(
    `<svg viewBox="0 0 30 10" aria-hidden="true"><path d="M0 5H30" stroke="${colour(i)}" stroke-width="2.5" fill="none"${dashes}/></svg>`,
  );
}

/** Seven digits are more than a drawing shows. */
const digits = (value: number): number => Number(value.toPrecision(6));

function line({ points, name }: Curve, i: number): object {
  const few = points.length <= SYMBOLS;
  const pattern = dash(i);
  return {
    type: 'line',
    name: printable(name),
    data: points.map((point) => [...point]),
    silent: true,
    ...{ showSymbol: few, symbol: SHAPES[i % SHAPES.length], symbolSize: 6 },
    lineStyle: { color: colour(i), width: 2.2, type: pattern === 'solid' ? 'solid' : [...pattern] },
    itemStyle: { color: colour(i), borderWidth: 0 },
  };
}

const pale = ({ points }: Curve, of: number): object => ({
  type: 'line',
  data: points.map((point) => [...point]),
  silent: true,
  ...{ showSymbol: points.length === 1, symbol: 'circle', symbolSize: 3 },
  lineStyle: { color: colour(of), width: 1, opacity: 0.45 },
  itemStyle: { color: colour(of) },
});

function markLine({ x, name }: Mark): object {
  return {
    type: 'line',
    data: [],
    silent: true,
    markLine: {
      silent: true,
      symbol: 'none',
      data: [{ xAxis: x }],
      lineStyle: { color: 'var(--dim)', width: 1.2, type: [3, 3] },
      label: {
        formatter: printable(name),
        position: 'insideEndTop',
        rotate: 0,
        color: 'var(--dim)',
        fontSize: FONT,
        textBorderWidth: 0,
        align: 'right',
        offset: [-6, 4],
      },
    },
  };
}

const PERCENT = (value: number): string => `${Math.round(value * 1000) / 10} %`;
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

/** An axis as ECharts takes it. */
function axis({ name, min, max, whole, figures, log }: Axis, { nameGap }: { nameGap?: number }): object {
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
      ...(figures === undefined ? {} : { formatter: figures === 'percent' ? PERCENT : SHORT }),
    },
    axisLine: { show: nameGap !== undefined, lineStyle: { color: 'var(--dim)' } },
    axisTick: { show: nameGap !== undefined, lineStyle: { color: 'var(--dim)' } },
    splitLine: { show: nameGap === undefined, lineStyle: { color: 'var(--grid)' } },
  };
}

/** Bars of shares over equal parts of the range from 0 to 1, and a line that they would follow; bars that are missing have no images. */
export interface BarPlot {
  id: string;
  title: string;
  description: string;
  x: string;
  /** From left to right. */
  bars: readonly (number | undefined)[];
  barName: string;
  curves: readonly { name: string; values: readonly (number | undefined)[] }[];
}

/** A plot of bars as a figure. */
export function barPlot({ id, title, description, x, bars, barName, curves }: BarPlot): Html {
  const placed = (values: readonly (number | undefined)[]): (number | '-')[][] =>
    values.map((value, i) => [(i + 0.5) / bars.length, value ?? '-']);
  const svg = drawChart(
    {
      textStyle: { fontSize: FONT },
      grid: BAR_GRID,
      xAxis: axis({ name: x, min: 0, max: 1, figures: 'percent' }, { nameGap: 28 }),
      yAxis: axis({ name: '', min: 0, max: 1, figures: 'percent' }, {}),
      series: [
        {
          type: 'bar',
          data: placed(bars),
          silent: true,
          barWidth: (0.88 * (WIDTH - BAR_GRID.left - BAR_GRID.right)) / bars.length,
          itemStyle: { color: colour(0), opacity: 0.55, borderColor: colour(0), borderWidth: 1 },
        },
        ...curves.map(({ values }, i) => ({
          ...line({ name: '', points: [] }, i + 1),
          data: placed(values),
          connectNulls: true,
          showSymbol: i > 0,
        })),
      ],
    },
    WIDTH,
    HEIGHT,
  );
  return html`<figure class="plot">
    <figcaption>${title}</figcaption>
    ${legend([barName, ...curves.map(({ name }) => name)])}${cleanChart(svg, { id, title, description })}
  </figure>`;
}
