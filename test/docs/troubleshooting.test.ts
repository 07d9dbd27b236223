import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../cli/run';

const read = (...names: string[]): string => fs.readFileSync(path.join(ROOT, ...names), 'utf8');

test('each error code has a section that says what to do, and there is none of a code that does not exist', () => {
  const [, type = ''] = /export type ErrorCode =([^;]+);/.exec(read('lib', 'errors.ts')) ?? [];
  const codes = [...type.matchAll(/'(\w+)'/g)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(20);
  const sections = [...read('docs', 'troubleshooting.md').matchAll(/^## `([A-Z_]+)`$/gm)].map(([, code]) => code);
  expect(sections.sort()).toEqual(codes.sort());
});
