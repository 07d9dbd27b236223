import fs from 'node:fs';
import path from 'node:path';
import { expandInputs, type ExpandOptions } from '../../lib/predict/inputs';
import { scratch } from '../cli/run';

const tmp = scratch();
const before = process.cwd();
const FILES = ['a.jpg', 'train/ants/1.jpg', 'train/bees/2.jpg', 'val/ants/3.jpg', 'val/ants/4.png', 'here/ants/5.jpg'];

beforeAll(() => {
  for (const file of FILES) {
    fs.mkdirSync(path.join(tmp, path.dirname(file)), { recursive: true });
    fs.writeFileSync(path.join(tmp, file), '');
  }
  process.chdir(path.join(tmp, 'here'));
});
afterAll(() => process.chdir(before));

async function expanded(...args: string[]): Promise<{ files: string[]; problems: ExpandOptions['problems'] }> {
  const problems: ExpandOptions['problems'] = new Map();
  const files: string[] = [];
  async function* list(): AsyncGenerator<string> {}
  for await (const file of expandInputs(args, { list, problems })) files.push(file);
  return { files, problems };
}

test('images in folders may be passed over, by the real path of the folder; what is named itself is taken', async () => {
  fs.symlinkSync('val', path.join(tmp, 'link'));
  const asked: string[] = [];
  const passOver = (folder: string, name: string): boolean => {
    asked.push(path.relative(fs.realpathSync(tmp), path.join(folder, name)));
    return name === '3.jpg';
  };
  const files: string[] = [];
  async function* list(): AsyncGenerator<string> {}
  const args = ['../link', '../val/ants/*.jpg', '../val/ants/3.jpg'];
  for await (const file of expandInputs(args, { list, problems: new Map(), passOver })) files.push(file);
  fs.rmSync(path.join(tmp, 'link'));
  expect(files).toEqual(['../link/ants/4.png', '../val/ants/*.jpg', '../val/ants/3.jpg']);
  expect(asked).toEqual(['val/ants/3.jpg', 'val/ants/4.png', 'val/ants/3.jpg']);
});

test.each([
  [
    '../*/',
    ['../here/ants/5.jpg', '../train/ants/1.jpg', '../train/bees/2.jpg', '../val/ants/3.jpg', '../val/ants/4.png'],
  ],
  ['*/', ['ants/5.jpg']],
  ['./*/', ['ants/5.jpg']],
  // A file is none of what ends in a slash.
  ['ants/*/', undefined],
  ['{../val,.}/ants/*.jpg', ['../val/ants/3.jpg', 'ants/5.jpg']],
  [
    '../{val,train}/{ants,bees}/*',
    ['../val/ants/3.jpg', '../val/ants/4.png', '../train/ants/1.jpg', '../train/bees/2.jpg'],
  ],
  [
    '../{train/{ants,bees},val}/',
    ['../train/ants/1.jpg', '../train/bees/2.jpg', '../val/ants/3.jpg', '../val/ants/4.png'],
  ],
  ['../{a.jpg,val/ants/3.jpg,missing.jpg}', ['../a.jpg', '../val/ants/3.jpg']],
  ['../val/ants/*.{png,jpg}', ['../val/ants/3.jpg', '../val/ants/4.png']],
  ['{../nowhere,{a/*.jpg', undefined],
  [`${'{a,b}/'.repeat(11)}*.jpg`, undefined],
])('%s is what a shell makes of it', async (glob, files) => {
  const found = await expanded(glob);
  expect(found.files).toEqual(files ?? [glob]);
  expect(found.problems.has(glob)).toBe(files === undefined);
});
