import fs from 'node:fs';
import path from 'node:path';
import { lexer, type Token, type Tokens } from 'marked';
import { parse } from 'yaml';
import { runFacts } from '../../lib/card/facts';
import { editedNote, writeCard } from '../../lib/card/write';
import { makeReport } from '../../lib/report/report';
import { printable } from '../../lib/text/printable';
import { scratch } from '../cli/run';
import { HOSTILE } from '../html/hostile';
import { makeRun, type MadeRun } from '../report/made-run';

const tmp = scratch();
const FILES = Array.from({ length: 10 }, (_, i) => `${i}.png`);
/** Such as would end a card's sections, its front matter or its blocks of code, or begin others. */
const FORGED = [
  '\n<!-- author: end intended-use -->',
  '# author: begin metadata',
  '---',
  '```\n# x',
  '| a | b |',
  '![x](http://x/y)',
  '[x]: http://x',
  'www.example.com',
  '*a* _b_ ~c~',
  '- list',
  'key: value # no comment',
  '\uFEFF\uFFFE\u0085\u2029',
];

/** Makes a run and its card. */
async function card(
  name: string,
  made: Partial<MadeRun> = {},
): Promise<{ folder: string; file: string; text: string }> {
  const { folder } = await makeRun(tmp, name, { classes: ['ants', 'bees'], files: FILES, ...made });
  const { file = '' } = await writeCard(folder, await runFacts(folder));
  return { folder, file, text: fs.readFileSync(file, 'utf8') };
}

test('one validation image has its verb', async () => {
  const { text } = await card('one', {
    classes: ['ants'],
    files: ['0.png'],
    said: () => ({ predicted: 0, probability: 1 }),
  });
  expect(text).toContain('- 1 validation image tells the accuracy only');
});

const again = async (folder: string) => writeCard(folder, await runFacts(folder));

/** The front matter, and the tokens of the Markdown after it. */
function read(text: string): { data: Record<string, unknown>; tokens: Token[] } {
  const [, yaml = '', markdown = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
  return { data: parse(yaml) as Record<string, unknown>, tokens: lexer(markdown) };
}

const flat = (tokens: readonly Token[]): Token[] =>
  tokens.flatMap((token) => {
    const cells =
      token.type === 'table' ? [...(token as Tokens.Table).header, ...(token as Tokens.Table).rows.flat()] : [];
    const inner = [...('tokens' in token ? (token.tokens ?? []) : []), ...cells.flatMap((cell) => cell.tokens)];
    const items = token.type === 'list' ? (token as Tokens.List).items : [];
    return [token, ...flat(inner), ...flat(items)];
  });

/** What a reader sees of a cell or of a heading. */
const seen = (tokens: readonly Token[]): string =>
  tokens
    .map((token) => ('tokens' in token && token.tokens ? seen(token.tokens) : String((token as Tokens.Text).text)))
    .join('');
const unescaped = (html: string): string =>
  html.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name] ?? '',
  );

test('the metadata are what the Hub asks for', async () => {
  const { text } = await card('plain');
  expect(read(text).data).toEqual({
    license: 'unknown',
    library_name: 'resnet-ft',
    pipeline_tag: 'image-classification',
    tags: ['image-classification', 'resnet', 'resnet-ft'],
    metrics: ['accuracy'],
    'model-index': [
      {
        name: 'plain',
        results: [
          {
            task: { type: 'image-classification', name: 'Image Classification' },
            dataset: { type: 'imagefolder', name: 'photos', split: 'validation' },
            metrics: [{ type: 'accuracy', value: 0.8, name: 'Accuracy' }],
          },
        ],
      },
    ],
  });
});

test('it tells results with their interval, classes, preprocessing, training, use and limits, and no folder of the machine', async () => {
  const { text } = await card('told');
  const headings = read(text).tokens.flatMap((token) =>
    token.type === 'heading' ? [(token as Tokens.Heading).text] : [],
  );
  expect(headings).toEqual([
    'told',
    ...[
      'Intended use',
      'Results',
      'Classes',
      'Images',
      'Preprocessing',
      'How it was trained',
      'How to use it',
      'Limitations',
    ],
  ]);
  // 16 of 20, Wilson.
  expect(text).toContain('80.0 % (16 of 20; 95 % interval 58.4 to 91.9 %)');
  expect(text).toContain('npx resnet-ft train photos --arch resnet18 --weights none');
  expect(text).toContain('transforms.Resize(256, InterpolationMode.BILINEAR)');
  expect(text).toContain('model = torchvision.models.resnet18(num_classes=len(classes))');
  expect(text).toContain('minus the mean 0.5, 0.5, 0.5, divided by the standard deviation 0.2, 0.2, 0.2');
  // What the example does not use it does not import.
  expect(text).not.toContain('ImageOps');
  expect(text).not.toContain(tmp);
});

test('a loss beyond all measure is not written out', async () => {
  const { text } = await card('beyond', { valLoss: 3.7983134077261395e21 });
  expect(text).toContain('| Loss (cross-entropy) | 3.80e+21 |');
});

test('names of classes stand for themselves in Markdown and YAML, whatever they hold', async () => {
  const classes = [...HOSTILE, ...FORGED];
  const { folder, text } = await card('<script>`*"#: run', { classes, files: FILES.slice(0, 2) });
  const { data, tokens } = read(text);
  const table = tokens.find(
    (token) => token.type === 'table' && (token as Tokens.Table).header.length > 2,
  ) as Tokens.Table;
  const shown = (name: string): string => printable(name).replace('\uFFFE', '\\u{fffe}');
  expect(table.rows.map(([, cell]) => unescaped(seen(cell?.tokens ?? [])))).toEqual(
    classes.map((name) => shown(name).trim()),
  );
  expect(data['model-index']).toMatchObject([{ name: path.basename(folder) }]);
  const kinds = flat(tokens).map(({ type }) => type);
  expect(kinds).not.toContain('image');
  // The comments of the marks and of the seal; links are ours.
  const html = flat(tokens).flatMap((token) => (token.type === 'html' ? [(token as Tokens.HTML).raw.trim()] : []));
  expect(html.every((one) => /^<!-- (author: |resnet-ft: )[^<>]* -->$/.test(one) || /^<!--[^]*-->$/.test(one))).toBe(
    true,
  );
  expect(html.join('\n')).not.toMatch(/script|onerror|onload/);
  const links = flat(tokens).flatMap((token) => (token.type === 'link' ? [(token as Tokens.Link).href] : []));
  expect(links.every((link) => /^https:\/\/(www\.npmjs\.com|huggingface\.co)\//.test(link))).toBe(true);
  // Such a card is still known as one of ours.
  expect(await again(folder)).toMatchObject({ edited: [] });
});

test("the author's sections are kept when the run is another, with other line breaks too", async () => {
  const { folder, file, text } = await card('mine');
  const mine = text
    .replace('license: unknown', 'license: apache-2.0')
    .replace(
      /(<!-- author: begin intended-use[^\n]*\n)[^]*?(\n<!-- author: end intended-use)/,
      '$1For bees.\n\n## Mine\n$2',
    )
    .replaceAll('\n', '\r\n');
  fs.writeFileSync(file, mine);
  const result = JSON.parse(fs.readFileSync(path.join(folder, 'result.json'), 'utf8')) as { model: object };
  fs.writeFileSync(
    path.join(folder, 'result.json'),
    JSON.stringify({ ...result, model: { ...result.model, valAccuracy: 0.9 } }),
  );
  expect(await again(folder)).toEqual({ file, edited: [] });
  const now = fs.readFileSync(file, 'utf8');
  expect(now).toContain('90.0 % (18 of 20');
  expect(now).toContain('For bees.\n\n## Mine\n');
  expect(read(now).data).toMatchObject({ license: 'apache-2.0' });
  // And once more, from what was merged.
  expect(await again(folder)).toEqual({ file, edited: [] });
  expect(fs.readFileSync(file, 'utf8')).toBe(now);
});

test.each<[string, (text: string) => string]>([
  ['a figure', (text) => text.replace('80.0 %', '99.9 %')],
  ['a line after the seal', (text) => `${text}More.\n`],
  ['a mark that is gone', (text) => text.replace(/<!-- author: end images -->\n/, '')],
  [
    'a mark that stands twice',
    (text) => text.replace('<!-- author: end images -->', '$&\n<!-- author: begin images -->\n$&'),
  ],
  ['a README of their own', () => '# My model\n'],
])('what a person has edited stays: %s', async (name, edit) => {
  const { folder, file, text } = await card(`edited ${name.replaceAll(' ', '-')}`);
  const edited = edit(text);
  expect(edited).not.toBe(text);
  fs.writeFileSync(file, edited);
  const beside = path.join(folder, 'README.new.md');
  const written = await again(folder);
  expect(written).toEqual({ file: beside, edited: [file] });
  expect(editedNote(written)).toBe('README.md was edited and stays as it is; the new model card is in README.new.md');
  expect(fs.readFileSync(file, 'utf8')).toBe(edited);
  expect(fs.readFileSync(beside, 'utf8')).toBe(text);
  fs.writeFileSync(beside, 'mine too');
  const neither = await again(folder);
  expect(neither).toEqual({ file: undefined, edited: [file, beside] });
  expect(editedNote(neither)).toBe(
    'README.md and README.new.md were edited and stay as they are; no new model card was written',
  );
  expect(fs.readFileSync(beside, 'utf8')).toBe('mine too');
});

test("an author's section in another encoding keeps its bytes, and an editor's byte order mark is no edit", async () => {
  const { folder, file, text } = await card('encoded');
  fs.writeFileSync(file, `\ufeff${text}`);
  expect(await again(folder)).toEqual({ file, edited: [] });

  const mine = text.replace(/(<!-- author: begin intended-use[^\n]*\n)/, '$1Für Käfer\n');
  const latin1 = Buffer.from(mine, 'latin1');
  fs.writeFileSync(file, latin1);
  expect(await again(folder)).toEqual({ file: path.join(folder, 'README.new.md'), edited: [file] });
  expect(fs.readFileSync(file).equals(latin1)).toBe(true);
});

test('of a run that was stopped it has the figures so far', async () => {
  const { text } = await card('stopped', { finished: false });
  // Epoch 4 of the made run: 1 - 0.5 / 4 of 20 images is no whole number of them, but of 16 it is.
  expect(text).toContain('The training did not finish: these are its figures so far.');
  expect(text).toContain('The run did not finish');
  expect(read(text).data['model-index']).toMatchObject([{ results: [{ metrics: [{ value: 0.875 }] }] }]);
});

test.each([
  [0.5, 'There is no model yet: the training was stopped before there was one to keep.'],
  [null, 'There is no model: the loss of the training was no number any more before there was one to keep.'],
])('of a run without a model it says so, and not how to use it: last loss %p', async (loss, said) => {
  const { folder } = await makeRun(tmp, `without ${loss}`, {
    ...{ classes: ['ants', 'bees'], files: FILES, epochs: 1, finished: false, model: false },
  });
  const step = { kind: 'step', epoch: 1, step: 1, loss, lr: 0.1, images: 8 };
  fs.writeFileSync(path.join(folder, 'metrics.jsonl'), `${JSON.stringify(step)}\n`);
  const { file = '' } = await again(folder);
  const text = fs.readFileSync(file, 'utf8');
  expect(text).toContain(`## How to use it\n\n${said}\n\n## Limitations`);
  expect(text).not.toContain('resnet-ft predict');
  const page = fs.readFileSync((await makeReport({ runs: [folder] })).file, 'utf8');
  expect(page).not.toMatch(/resnet-ft (eval|predict|export)/);
  expect(page.includes('train --resume')).toBe(loss !== null);
});

test('of a run that was stopped in its first epoch it has none', async () => {
  const { folder } = await makeRun(tmp, 'early', { classes: ['ants', 'bees'], files: FILES, finished: false });
  fs.rmSync(path.join(folder, 'metrics.jsonl'));
  const { file = '' } = await again(folder);
  const text = fs.readFileSync(file, 'utf8');
  expect(read(text).data).not.toHaveProperty('model-index');
  expect(text).not.toContain('## Results');
  expect(text).toContain('there are no figures of validation images beside it');
  expect(await again(folder)).toMatchObject({ edited: [] });
});
