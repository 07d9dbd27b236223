import fs from 'node:fs';
import path from 'node:path';
import { formatHtml } from '../../lib/bench/html';
import { ResnetFtError } from '../../lib/errors';
import { writePredictions } from '../../lib/eval/predictions-file';
import { printable, printableJson } from '../../lib/text/printable';
import { align } from '../../lib/text/text-table';
import { reportOf } from '../bench-command/report';
import { scratch } from './run';

const tmp = scratch();

test.each([
  ['a\nb\r\tc\0', 'a\\x0ab\\x0d\\x09c\\x00'],
  ['\u001b]0;title\u0007 \u001b[2J \u009b1m \u007f', '\\x1b]0;title\\x07 \\x1b[2J \\x9b1m \\x7f'],
  [
    '\u202eabc\u202c \u2066x\u2069 \u200e\u200f\u061c',
    '\\u{202e}abc\\u{202c} \\u{2066}x\\u{2069} \\u{200e}\\u{200f}\\u{61c}',
  ],
  ['a\u2028b\u2029c\u0085', 'a\\u{2028}b\\u{2029}c\\x85'],
  [
    'an\u200dts, an\u200bts, an\u2060ts, \ufeffants, an\u00adts',
    'an\\u{200d}ts, an\\u{200b}ts, an\\u{2060}ts, \\u{feff}ants, an\\xadts',
  ],
  ['\ud800 \udc00x', '\\u{d800} \\u{dc00}x'],
  ['\u{e0041}\u{e0020} 1\ufe0f', '\\u{e0041}\\u{e0020} 1\\u{fe0f}'],
])('hidden and steering characters are shown, case %#', (text, shown) => {
  expect(printable(text)).toBe(shown);
  expect(printable(shown)).toBe(shown);
  const json = printableJson(JSON.stringify({ [text]: text }));
  expect(json).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
  expect(JSON.parse(json)).toEqual({ [text]: text });
});

test.each([
  ['accents, composed or not', 'fourmi à tête rouge, e\u0301t\u00e9'],
  ['other scripts', '蟻, 개미, муравей, נמלה, نملة, चींटी'],
  ['joiners that a script is written with', 'می\u200cخواهم, क्\u200dष'],
  ['emoji', '🐜🐝 👩‍👩‍👧 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣ 👍🏽'],
  ['variants of ideographs', '葛\u{e0100}'],
  ['a backslash', 'C:\\x1b'],
])('%s stay', (_, text) => {
  expect(printable(text)).toBe(text);
  expect(printableJson(JSON.stringify(text))).toBe(JSON.stringify(text));
});

test('an error of the package is one printable line, and its hint too', () => {
  const error = new ResnetFtError('DATA_INVALID', 'a\nb\u202e: no image', { hint: 'remove a\nb\u001b' });
  expect(error.message).toBe('a\\x0ab\\u{202e}: no image');
  expect(error.hint).toBe('remove a\\x0ab\\x1b');
});

test('columns stand below each other with wide, combining and escaped characters', () => {
  const lines = align(
    [
      ['class', 'images'],
      ['蟻', '4'],
      ['e\u0301te\u0301', '10'],
      ['b\ns', '7'],
    ],
    (column) => column > 0,
  );
  // A terminal gives 蟻 two columns, and a combining accent none.
  expect(lines).toEqual(['class   images', '蟻           4', 'e\u0301te\u0301         10', 'b\\x0as       7']);
});

test('the page of bench is without characters that turn its text around', () => {
  const report = reportOf([]);
  const page = formatHtml({ ...report, model: { ...report.model, source: '\u202e<b>\u001b.pth' } });
  expect(page).toContain('\\u{202e}&#60;b&#62;\\x1b.pth');
});

test('CSV: formulas are texts, figures are figures, and every name comes back', async () => {
  const names = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    ' =1',
    '＝1',
    '－1',
    "'quoted'",
    "it's",
    'a=b',
    '-',
    'a"b,c\n',
  ];
  const file = path.join(tmp, 'names.csv');
  await writePredictions(
    file,
    (async function* () {
      for (const name of names) {
        yield {
          file: name,
          trueClass: 'x',
          predictedClass: name,
          correct: false,
          probability: 1e-9,
          probabilities: {},
        };
      }
    })(),
  );
  const text = fs.readFileSync(file, 'utf8');
  const cells = [...text.matchAll(/^(?:"((?:[^"]|"")*)"|([^",\n]*)),x,/gm)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
  expect(cells.map((cell) => cell.replace(/^'/, ''))).toEqual(names);
  expect(cells.filter((cell) => /^\s*[=+\-@＝－]/.test(cell))).toEqual([]);
  expect(text.match(/,false,1e-9$/gm)).toHaveLength(names.length);
});
