import sharp from 'sharp';
import stringWidth from 'string-width';
import { frameOf, lossTicks, rateText, rateTicks } from '../../lib/lr-find/axes';
import { suggestRate } from '../../lib/lr-find/suggest';
import { drawSvg } from '../../lib/lr-find/svg';
import { drawText, STEEPEST, TENTH } from '../../lib/lr-find/text-chart';
import type { LrFindResult, LrPoint, LrSuggestion } from '../../lib/lr-find/types';
import { curveOf, usual } from './curves';

const curve = curveOf(usual);
const { steepest = NaN, tenthOfLeast = NaN } = suggestRate(curve.points, 100, curve.ended);
const suggestion: LrSuggestion = { lr: steepest, tenthOfLeast };
const drawn = (more: Partial<LrFindResult> = {}): string =>
  drawSvg({ data: '/photos/ants', arch: 'resnet18', points: curve.points, suggestion, note: null, ...more });

describe('the axes', () => {
  test.each([
    [0.001234, '0.0012'],
    [0.25, '0.25'],
    [10, '10'],
    [3.16e-6, '3.2e-6'],
    [1e-5, '1e-5'],
    [9.99e-4, '0.001'],
    [123456, '1.2e5'],
  ])('a rate of %d is written as an option takes it: %s', (rate, text) => {
    expect(rateText(rate)).toBe(text);
    expect(Math.abs(Number(text) / rate - 1)).toBeLessThan(0.05);
  });

  test('have powers of ten, or less where the range is short', () => {
    const labels = (from: number, to: number): string[] =>
      rateTicks({ from, to, least: 0, most: 1 }).map(({ label }) => label);
    expect(labels(1e-6, 10)).toEqual(['1e-6', '1e-5', '1e-4', '0.001', '0.01', '0.1', '1', '10']);
    expect(labels(0.0015, 0.06)).toEqual(['0.002', '0.005', '0.01', '0.02', '0.05']);
    expect(labels(0.011, 0.012)).toEqual(['0.011', '0.012']);
  });

  test.each([
    [0.1, 0.9, ['0.2', '0.4', '0.6', '0.8']],
    [0.701, 0.742, ['0.71', '0.72', '0.73', '0.74']],
    [2, 90, ['20', '40', '60', '80']],
  ])('have round losses from %d to %d', (least, most, labels) => {
    expect(lossTicks({ from: 1, to: 2, least, most }, 4).map(({ label }) => label)).toEqual(labels);
  });

  test('leave an explosion out, and keep the whole fall', () => {
    const frame = frameOf(curve.points);
    const losses = curve.points.map(({ smoothed }) => smoothed);
    expect(frame.most).toBeLessThan(Math.max(...losses));
    expect(frame.most).toBeGreaterThan(losses[0] as number);
    expect(frame.least).toBeLessThan(Math.min(...losses));
  });

  test('have room for a curve that is one point, or flat', () => {
    for (const points of [curve.points.slice(0, 1), curveOf(() => 0.5).points]) {
      const { least, most } = frameOf(points);
      expect(most).toBeGreaterThan(least);
      expect(drawText(points, null, 80).join('')).not.toMatch(/NaN|Infinity/);
      expect(drawn({ points })).not.toMatch(/NaN|Infinity/);
    }
  });
});

describe('the chart on a terminal', () => {
  test.each([40, 80, 200])('fits %d columns, and its marks stand where the rates are', (columns) => {
    const lines = drawText(curve.points, suggestion, columns);
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
    const axis = lines.findIndex((line) => line.includes('└'));
    const marks = lines[axis + 1] as string;
    const start = (lines[axis] as string).indexOf('└') + 1;
    const width = (lines[axis] as string).length - start;
    const { from, to } = frameOf(curve.points);
    const column = (rate: number): number => start + (Math.log(rate / from) / Math.log(to / from)) * (width - 1);
    expect(Math.abs(marks.indexOf(STEEPEST) - column(suggestion.lr))).toBeLessThanOrEqual(0.5);
    expect(Math.abs(marks.indexOf(TENTH) - column(suggestion.tenthOfLeast))).toBeLessThanOrEqual(0.5);
    // Powers of ten at equal distances, as many as there is room for.
    const labels = lines[axis + 2]?.trim().split(/\s+/);
    expect(labels).toEqual(
      columns === 40 ? ['1e-6', '1e-4', '0.01', '1'] : ['1e-6', '1e-5', '1e-4', '0.001', '0.01', '0.1', '1'],
    );
  });

  test('has the curve where it is: high at first, low before the explosion', () => {
    const plot = drawText(curve.points, null, 80).slice(1, 13);
    const rows = plot.flatMap((line, row) =>
      Array.from(line).flatMap((char, column) => (char >= '\u2801' && char <= '\u28ff' ? [{ row, column }] : [])),
    );
    const columns = rows.map(({ column }) => column);
    const [first, last] = [Math.min(...columns), Math.max(...columns)];
    // Every column has a dot: the line has no gaps.
    expect(new Set(columns).size).toBe(last - first + 1);
    const lowest = Math.max(...rows.map(({ row }) => row));
    expect(lowest).toBe(11);
    const atLowest = rows.filter(({ row }) => row === lowest).map(({ column }) => column);
    expect(Math.min(...atLowest)).toBeGreaterThan((first + last) / 2);
    expect(Math.min(...rows.filter(({ column }) => column === first).map(({ row }) => row))).toBeLessThan(8);
    expect(Math.min(...rows.filter(({ column }) => column === last).map(({ row }) => row))).toBe(0);
  });

  test('has no line of marks without a suggestion', () => {
    expect(drawText(curve.points, null, 80).join('')).not.toMatch(/[▲△]/);
  });
});

describe('the drawing', () => {
  /** The pixels as librsvg draws them, which refuses what is no XML. */
  async function pixels(svg: string): Promise<{ width: number; height: number; rgb: Buffer }> {
    const { data, info } = await sharp(Buffer.from(svg))
      .resize(960)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgb: data };
  }

  const near = (image: { rgb: Buffer }, at: number, color: number[]): boolean =>
    color.every((value, channel) => Math.abs((image.rgb[3 * at + channel] as number) - value) < 40);

  test('is drawn: the curve from left to right, and the suggested rate where it belongs', async () => {
    const image = await pixels(drawn());
    const columnsOf = (color: number[]): number[] => {
      const found: number[] = [];
      for (let x = 0; x < image.width; x++) {
        let count = 0;
        for (let y = Math.round(image.height * 0.3); y < image.height * 0.83; y++) {
          if (near(image, y * image.width + x, color)) count++;
        }
        if (count > 0) found.push(x);
      }
      return found;
    };
    const blue = columnsOf([0x2f, 0x66, 0xb3]);
    expect(Math.min(...blue)).toBeLessThan(image.width * 0.15);
    expect(Math.max(...blue)).toBeGreaterThan(image.width * 0.8);
    const { from, to } = frameOf(curve.points);
    const place = Math.log(suggestion.lr / from) / Math.log(to / from);
    const expected = ((68 + place * (464 - 68)) / 480) * image.width;
    for (const x of columnsOf([0xb3, 0x40, 0x1a])) expect(Math.abs(x - expected)).toBeLessThan(4);
    expect(columnsOf([0xb3, 0x40, 0x1a]).length).toBeGreaterThan(0);
  });

  test('says what it shows, needs nothing else, and knows the dark', () => {
    const svg = drawn();
    for (const text of [
      '1e-6',
      '0.01',
      'learning rate (logarithmic)',
      'loss',
      `steepest: ${rateText(suggestion.lr)}`,
    ]) {
      expect(svg).toContain(`>${text}</text>`);
    }
    expect(svg).toMatch(/@media \(prefers-color-scheme: dark\)/);
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|<script|@import|url\((?!#)/);
    expect(drawn({ suggestion: null, note: 'none: why' })).toMatch(/>no suggestion<.*/s);
    expect(drawn({ suggestion: null, note: 'none: why' })).toContain('<desc id="description">none: why</desc>');
  });

  test.each(['<b>&"\'', '\u202eright', 'a\u0007b\n\uffff', '\ud800', 'a'.repeat(300), '名'.repeat(100)])(
    'is XML, and safe, whatever the folder is called: %j',
    async (name) => {
      const svg = drawn({ data: `/photos/${name}` });
      await expect(pixels(svg)).resolves.toMatchObject({ width: 960 });
      expect(svg).not.toMatch(/<b>|[\u202e\uffff]/);
      expect(svg).not.toContain('a'.repeat(40));
    },
  );

  test('the reader of these tests refuses what is no XML', async () => {
    await expect(pixels(drawn().replace('resnet18', '<resnet18'))).rejects.toThrow();
    await expect(pixels(drawn().replace('resnet18', '\uffff'))).rejects.toThrow();
  });

  test('is one without points too', async () => {
    const svg = drawn({ points: [] as LrPoint[], suggestion: null, note: 'nothing to see' });
    await expect(pixels(svg)).resolves.toMatchObject({ width: 960 });
    expect(svg).toContain('>nothing to see</text>');
  });
});
