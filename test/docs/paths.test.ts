import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../cli/run';

const { walks, written } = jest.requireActual<{
  walks: (root: string) => string;
  written: (page: string, text: string) => string;
}>('../../scripts/walks.js');

const TREE = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((name) => name !== '' && fs.existsSync(path.join(ROOT, name)));
const PAGES = TREE.filter((name) => name === 'CONTRIBUTING.md' || /^docs\/.*\.md$/.test(name));
const ROOMS = [...new Set(TREE.filter((name) => name.includes('/')).map((name) => name.split('/')[0] ?? ''))];

// Node's own header.
const FOREIGN = ['napi.h'];

/** What is named in code in a page and looks like a file or a folder of the checkout, or like the name of one. */
function named(page: string): string[] {
  const code = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  return code
    .flatMap((text) => text.split(/\s+/))
    .filter((word) => /^[\w.@*/-]+$/.test(word) && !/NAME/.test(word) && !FOREIGN.includes(word))
    .filter((word) => ROOMS.includes(word.split('/')[0] ?? '') || /^[\w-]+\.(ts|js|cpp|h)$/.test(word));
}

function exists(name: string): boolean {
  const pattern = name.replace(/\/$/, '').replaceAll('.', '\\.').replaceAll('*', '[^/]*');
  const place = new RegExp(`^${name.includes('/') ? '' : '(?:.*/)?'}${pattern}(?:/|$)`);
  return TREE.some((file) => place.test(file));
}

describe.each(PAGES)('%s', (page) => {
  const text = fs.readFileSync(path.join(ROOT, page), 'utf8');

  test('names only files and folders that exist', () => {
    expect(named(text).filter((name) => !exists(name))).toEqual([]);
  });

  test('links only to pages that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link);
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.filter((link) => !fs.existsSync(path.join(ROOT, path.dirname(page), link)))).toEqual([]);
  });
});

test('a path that does not exist is found, whatever its form', () => {
  const page =
    'See `lib/none.ts`, `node scripts/none.js --write`, `none.cpp`, `lib/none/` and `test/eval/*.none.ts`; `lib/NAME.ts` is free.';
  expect(named(page).filter((name) => !exists(name))).toEqual([
    'lib/none.ts',
    'scripts/none.js',
    'none.cpp',
    'lib/none/',
    'test/eval/*.none.ts',
  ]);
});

test('the walks of docs/architecture.md are those of scripts/walks.js', () => {
  const page = fs.readFileSync(path.join(ROOT, 'docs', 'architecture.md'), 'utf8');
  expect(written(page, walks(ROOT))).toBe(page);
});

test('each page of docs/decisions is in its list', () => {
  const folder = path.join(ROOT, 'docs', 'decisions');
  const list = fs.readFileSync(path.join(folder, 'README.md'), 'utf8');
  const pages = fs.readdirSync(folder).filter((name) => name !== 'README.md');
  expect(pages.filter((name) => !list.includes(`](${name})`))).toEqual([]);
});
