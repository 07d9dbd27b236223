import { formatHtml } from '../../lib/bench/html';
import { formatTable } from '../../lib/bench/table';
import { pending, reportOf, throughput } from './report';

const LOAD = { openSeconds: 0.5, modelSeconds: 0.25, spread: null };
const HOSTILE = `<img src="http://example.org/x.png" onerror='alert(1)'> & co`;
const VOID = new Set(['meta', 'col', 'img', 'br', 'hr', 'link', 'input']);

const report = reportOf(
  [
    {
      ...pending('native'),
      status: 'measured',
      load: LOAD,
      inference: [throughput(1, 20, { spread: 0.04 }), throughput(8, 32)],
      headStep: throughput(32, 1000),
    },
    {
      ...pending('js-cpu'),
      label: 'js (cpu)',
      status: 'failed',
      reason: HOSTILE,
      load: LOAD,
      inference: [throughput(1, 0.1, { sample: true }), { batchSize: 8, skipped: HOSTILE }],
    },
  ],
  {
    model: { source: HOSTILE, arch: 'resnet18', classes: 2, size: 224 },
    images: { folder: HOSTILE, count: 32 },
    check: {
      reference: 'native',
      tolerance: 0.01,
      largestDifference: 1e-6,
      images: [{ name: HOSTILE, predicted: HOSTILE }],
    },
  },
);

interface Parsed {
  tags: { name: string; attributes: Map<string, string> }[];
  /** Texts between tags, entities as the letters that they stand for. */
  texts: string[];
}

/** Parses a page without scripts strictly: every tag is closed in order, every attribute quoted, and `<` is always a tag. */
function parse(html: string): Parsed {
  const parsed: Parsed = { tags: [], texts: [] };
  const open: string[] = [];
  const letters = (text: string): string =>
    text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
  for (const [part, tag, closing, name = '', rest = ''] of html.matchAll(
    /(<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+="[^"<]*")*)>)|[^<]+|</g,
  )) {
    if (tag === undefined) {
      expect(part).not.toBe('<');
      parsed.texts.push(letters(part));
    } else if (closing === '/') {
      expect(open.pop()).toBe(name);
    } else {
      const attributes = [...rest.matchAll(/([a-z-]+)="([^"]*)"/g)].map(
        ([, key = '', value = '']) => [key, letters(value)] as const,
      );
      parsed.tags.push({ name, attributes: new Map(attributes) });
      if (!VOID.has(name)) open.push(name);
    }
  }
  expect(open).toEqual([]);
  return parsed;
}

const page = formatHtml(report);
const { tags, texts } = parse(page.replace('<!doctype html>', ''));

test('nothing on the page comes from elsewhere, and nothing runs', () => {
  expect(new Set(tags.map(({ name }) => name))).toEqual(
    new Set([
      'html',
      'head',
      'meta',
      'title',
      'style',
      'body',
      'h1',
      'h2',
      'p',
      'span',
      'table',
      'col',
      'tr',
      'th',
      'td',
      'div',
    ]),
  );
  const keys = new Set(tags.flatMap(({ attributes }) => [...attributes.keys()]));
  expect(keys).toEqual(new Set(['lang', 'charset', 'name', 'content', 'class', 'scope', 'colspan', 'style', 'title']));
  const styles = [...page.matchAll(/<style>[^<]*<\/style>|style="[^"]*"/g)].map(([style]) => style);
  expect(styles.join('\n')).not.toMatch(/url\(|@import|https?:/);
});

test('names of classes, images, models and errors are text', () => {
  const cells = texts.filter((text) => text === HOSTILE);
  expect(cells).toHaveLength(2);
  for (const part of [`not measured: ${HOSTILE}`, `js (cpu): failed: ${HOSTILE}`]) expect(texts).toContain(part);
});

test('bars are as long as the value is of the largest', () => {
  const widths = tags
    .filter(({ attributes }) => attributes.get('class') === 'bar')
    .map(({ attributes }) => attributes.get('style'));
  expect(widths.slice(0, 3)).toEqual(['width:100.00%', 'width:0.50%', 'width:100.00%']);
});

test('the table tells the same', () => {
  const lines = formatTable(report).split('\n');
  expect(lines.find((line) => line.startsWith('inference, batch 1'))).toMatch(/native +20\.0 images\/s +4 % +1\.00x$/);
  expect(lines.find((line) => /0\.100 images/.test(line))).toMatch(
    /js \(cpu\) +0\.100 images\/s +- +0\.00500x +sample$/,
  );
  expect(lines.find((line) => line.startsWith('training of fc, batch 32'))).toMatch(/native +1000 images\/s/);
});

test('a busy machine is told of', () => {
  const { machine } = report;
  expect(formatTable(report)).not.toContain('warning');
  const busy = { ...report, machine: { ...machine, load: 1.5 } };
  expect(formatTable(busy)).toContain(
    'warning: the machine was busy before the benchmark began (load 1.5 of 2 processors)',
  );
  expect(formatHtml(busy)).toContain('the machine was busy');
});

test('without native, the slowest is what others are compared with', () => {
  const others = reportOf([
    { ...pending('js-wasm'), status: 'measured', load: LOAD, inference: [throughput(1, 4)] },
    { ...pending('js-cpu'), status: 'measured', load: LOAD, inference: [throughput(1, 2)] },
  ]);
  expect(formatTable(others)).toMatch(/to js-cpu/);
  expect(formatTable(others)).toMatch(/js-wasm +4\.00 images\/s +- +2\.00x/);
});
