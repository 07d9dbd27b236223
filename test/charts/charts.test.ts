import { cleanChart } from '../../lib/charts/clean';
import { drawChart } from '../../lib/charts/echarts';
import { barPlot, linePlot } from '../../lib/charts/plot';
import { HOSTILE } from '../html/hostile';

const TEXT = { id: 'plot', title: 'Loss', description: 'It fell.' };
const line = {
  ...TEXT,
  x: { name: 'epoch', min: 0, whole: true },
  y: { name: 'loss' },
  curves: [
    { name: 'training', points: [[1, 0.7] as const, [2, 0.5] as const, [3, 0.4] as const] },
    { name: 'validation', points: [[1, 0.8] as const, [2, 0.6] as const, [3, 0.7] as const] },
  ],
};

test('a plot is one SVG with a title and a description, as wide as its place, with curves told apart by more than colour', () => {
  const markup = linePlot({ ...line, marks: [{ x: 2, name: 'kept' }] }).toString();
  expect(markup.match(/<svg class="chart"/g)).toHaveLength(1);
  expect(markup).toMatch(/<svg class="chart" role="img" aria-labelledby="plot-title plot-desc" viewBox="0 0 480 270">/);
  expect(markup).toContain('<title id="plot-title">Loss</title><desc id="plot-desc">It fell.</desc>');
  expect(markup).toMatch(/stroke="var\(--c0\)"(?![^>]*dasharray)/);
  expect(markup).toMatch(/stroke="var\(--c1\)"[^>]*stroke-dasharray/);
  expect(markup).toContain('>kept</text>');
});

test('a plot holds nothing that a strict policy refuses, and no ids of ECharts', () => {
  const bars = barPlot({
    ...{ ...TEXT, id: 'bars', x: 'probability', bars: [undefined, 0.9], barName: 'right' },
    curves: [{ name: 'exact', values: [0.25, 0.75] }],
  });
  for (const markup of [linePlot(line).toString(), bars.toString()]) {
    expect(markup).not.toMatch(/<style|style=|class="zr|ecmeta|zr\d|on\w+=|href=/);
    expect(markup).not.toMatch(/NaN|undefined|Infinity/);
  }
});

/** The labels of the axes, in the order of the drawing. */
const labels = (markup: string): string[] =>
  [...markup.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, text = '']) => text);

test.each([
  [3, ['0', '1', '2', '3']],
  [10.67, ['0', '2', '4', '6', '8', '10']],
  [11, ['0', '2', '4', '6', '8', '10']],
  [50, ['0', '10', '20', '30', '40', '50']],
])('whole numbers on an axis are equally far apart: up to %p', (last, expected) => {
  const points = [[1, 0.5] as const, [last, 0.25] as const];
  const markup = linePlot({
    ...line,
    y: { name: 'loss', min: 0, max: 1, figures: 'percent' },
    curves: [{ name: 'a', points }],
  });
  expect(labels(markup.toString()).filter((text) => /^[\d.]+$/.test(text))).toEqual(expected);
});

test('bars of shares have round figures below them', () => {
  const markup = barPlot({
    ...TEXT,
    x: 'probability',
    bars: Array.from({ length: 15 }, () => 0.5),
    barName: 'right',
    curves: [],
  });
  const axis = ['0 %', '20 %', '40 %', '60 %', '80 %', '100 %'];
  expect(labels(markup.toString()).filter((text) => text.endsWith('%'))).toEqual([...axis, ...axis]);
});

test.each([
  [[0.5, 0.9], 1],
  [[0.98, 0.9903], 1],
  [[0.99, 0.9903], 3],
  [[0.991, 0.995], 2],
  [[0.9961, 0.9989], 2],
  [[0.9996, 0.9998], 3],
  [[0.9997, 0.9997], 3],
  [[0.99996, 0.99998], 3],
  [[0.9999996, 0.9999998], 3],
  [[0.7, 0.7], 1],
  [[1, 1], 1],
])('shares have as many digits as tell them from one another: %p', (values, expected) => {
  const points = values.map((value, i) => [i + 1, value] as const);
  const markup = linePlot({
    ...line,
    y: { name: 'accuracy', max: 1, figures: 'percent' },
    curves: [{ name: 'a', points }],
  }).toString();
  expect(markup).toContain(`&#34;digits&#34;:${expected}`);
  const ticks = labels(markup).filter((text) => text.endsWith(' %'));
  expect(ticks.length).toBeGreaterThan(1);
  expect(ticks.at(-1)).toBe('100 %');
  // Where three are not enough, ticks of the same figures can't be helped.
  if (values[0] !== 0.9999996) expect(new Set(ticks).size).toBe(ticks.length);
});

test('there may be more points than a call takes arguments', () => {
  const points = Array.from({ length: 150_000 }, (_, i) => [i + 1, 0.5] as const);
  expect(linePlot({ ...line, curves: [{ name: 'a', points }] }).toString()).toContain('&#34;to&#34;:150000');
});

test('the same curves give the same plot', () => {
  expect(linePlot(line).toString()).toBe(linePlot(line).toString());
});

test('a curve of one point, of none, and of equal values can be drawn', () => {
  const of = (points: (readonly [number, number])[]): string =>
    linePlot({ ...line, curves: [{ name: 'a', points }] }).toString();
  for (const points of [[], [[1, 0.5] as const], [[1, 0] as const, [2, 0] as const]]) {
    expect(of(points)).not.toMatch(/NaN|Infinity/);
  }
});

test.each(HOSTILE)('names of curves may be anything: %j', (name) => {
  const markup = linePlot({
    ...line,
    title: name,
    curves: line.curves.map((curve) => ({ ...curve, name })),
  }).toString();
  expect(
    markup
      .match(/<[a-z]+/gi)
      ?.every((tag) =>
        /^<(figure|figcaption|bdi|ul|li|span|svg|path|g|text|title|desc|rect|defs|clipPath|p)$/.test(tag),
      ),
  ).toBe(true);
  // Outside quoted attributes there is nothing but tags and text.
  expect(markup.replace(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\son\w+=/);
});

test('a title and a description stand in a drawing as they are, with all their dollars', () => {
  const dollars = "$$ $& $` $' $1 $<x>";
  const markup = linePlot({ ...line, title: dollars, description: `${dollars} fell` }).toString();
  const escaped = '$$ $&#38; $` $&#39; $1 $&#60;x&#62;';
  expect(markup).toContain(`<title id="plot-title">${escaped}</title><desc id="plot-desc">${escaped} fell</desc>`);
});

test('what ECharts was not known to write is refused', () => {
  const svg = drawChart({ xAxis: {}, yAxis: {}, series: [] }, 100, 100);
  expect(cleanChart(svg, TEXT).toString()).toMatch(/^<svg/);
  for (const more of [
    '<script>alert(1)</script>',
    '<foreignObject></foreignObject>',
    '<image href="x"/>',
    '<a',
    '<!-- x -->',
  ]) {
    expect(() => cleanChart(svg.replace('</svg>', `${more}</svg>`), TEXT)).toThrow(/ECharts wrote/);
  }
  expect(cleanChart(svg.replace('<svg ', '<svg onload="alert(1)" '), TEXT).toString()).not.toContain('onload');
});
