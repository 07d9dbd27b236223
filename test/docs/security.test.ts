import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../cli/run';

const text = fs.readFileSync(path.join(ROOT, 'docs', 'security.md'), 'utf8');
const promised = text.slice(text.indexOf('## What is promised'), text.indexOf('## What is out of scope'));

/** A promise, and the tests that it names. */
interface Promised {
  number: number;
  tests: { file: string; title: string }[];
}

const promises: Promised[] = promised.split(/^(?=\d+\. )/m).flatMap((paragraph) => {
  const number = /^(\d+)\. /.exec(paragraph)?.[1];
  if (number === undefined) return [];
  const tests = [...paragraph.matchAll(/`(test\/[^`]+)`:((?:\s*,?\s*“[^”]+”)+)/g)].flatMap(
    ([, file = '', titles = '']) =>
      [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ file, title: title.replace(/\s+/g, ' ') })),
  );
  return [{ number: Number(number), tests }];
});

/** Whether a file has a test of this title that is not skipped. */
function has(file: string, title: string): boolean {
  const source = path.join(ROOT, file);
  if (!fs.existsSync(source)) return false;
  // As a literal, in which the quotes of its own kind are escaped.
  const literal = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/['"]/g, '\\\\?$&');
  const call = new RegExp(`(?<!\\b(?:skip|todo|describe|failing))\\(\\s*(['"\`])${literal}\\1,`);
  return call.test(fs.readFileSync(source, 'utf8'));
}

test('the promises are numbered from 1 on', () => {
  expect(promises.map(({ number }) => number)).toEqual(promises.map((_, i) => i + 1));
  expect(promises.length).toBeGreaterThan(40);
});

test.each(promises)('promise $number is proved by tests that are there', ({ tests }) => {
  expect(tests.length).toBeGreaterThan(0);
  expect(tests.filter(({ file, title }) => !has(file, title))).toEqual([]);
});

test('a test that is not there, or skipped, would be noticed', () => {
  expect(has('test/docs/security.test.ts', 'the promises are numbered from 1 on')).toBe(true);
  expect(has('test/docs/security.test.ts', 'the promises are numbered from 1')).toBe(false);
  expect(has('test/docs/no-such.test.ts', 'the promises are numbered from 1 on')).toBe(false);
});

test('README.md and the page of the tests lead there', () => {
  for (const page of ['README.md', 'docs/architecture.md', 'docs/reliability.md'])
    expect(fs.readFileSync(path.join(ROOT, page), 'utf8')).toMatch(/\((?:docs\/)?security\.md/);
});
