import { html, trusted, type Html } from '../html/html';
import { leastOf, mostOf } from '../text/extremes';
import { printable } from '../text/printable';
import { axis, FONT, type Axis } from './axis';
import { cleanChart } from './clean';
import { drawChart } from './echarts';
import { digitsOf } from './shares';

// Small, so that the text can still be read where the drawing is as wide as a telephone.
const WIDTH = 480;
const HEIGHT = 270;
const GRID = { left: 60, right: 14, top: 12, bottom: 44 };
/** Room for each digit that ticks have beyond one. */
const DIGIT = 10;
/** `100 %` stands below the right end. */
const BAR_GRID = { ...GRID, right: 30 };

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
  const values = curves.flatMap(({ points }) => points.map(([, at]) => at));
  // Told, so that a script knows what stands where.
  const [from, to] = [x.min ?? leastOf(places), x.max ?? mostOf(places)];
  const ticks = ticksOf(y, values);
  const grid = { ...GRID, left: GRID.left + (ticks - 1) * DIGIT };
  const svg = drawChart(
    {
      textStyle: { fontSize: FONT },
      grid,
      xAxis: axis({ ...x, ...(places.length === 0 ? {} : { min: from, max: to }) }, { nameGap: 28 }),
      yAxis: axis(y, { digits: ticks }),
      series: [...series, ...marks.map(markLine)],
    },
    WIDTH,
    HEIGHT,
  );
  const data = front.map(({ name, points }) => ({
    name: printable(name),
    points: points.map(([a, b]) => [rounded(a), rounded(b)]),
  }));
  return html`<figure
    class="plot"
    data-plot="${JSON.stringify({ grid: { ...grid, from, to }, width: WIDTH, x: x.name, y: { ...y, digits: readingOf(y, values) }, curves: data })}"
  >
    <figcaption>${title}</figcaption>
    ${legend(front.map(({ name }) => name))}${cleanChart(svg, { id, title, description })}
    <p class="readout needs-script" hidden></p>
  </figure>`;
}

/** The digits of ticks of shares. */
function ticksOf({ min, max }: Axis, values: readonly number[]): number {
  return digitsOf((max ?? mostOf(values)) - (min ?? leastOf(values)));
}

/** The digits by which the values themselves are told from one another, which may all be far from an end of the axis. */
const readingOf = (axis: Axis, values: readonly number[]): number =>
  Math.max(ticksOf(axis, values), digitsOf(mostOf(values) - leastOf(values)));

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
const rounded = (value: number): number => Number(value.toPrecision(6));

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
