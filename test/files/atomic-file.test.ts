import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { writeAtomically } from '../../lib/files/atomic-file';
import { scratch } from '../cli/run';

const folder = scratch();

test('what a killed process left half-written beside a file is gone after the next one is written there', async () => {
  const file = path.join(folder, 'model.safetensors');
  const script = `
    const { writeAtomically } = require(${JSON.stringify(path.resolve('dist/files/atomic-file.js'))});
    setInterval(() => {}, 1000);
    void writeAtomically(${JSON.stringify(file)}, (async function* () {
      yield Buffer.alloc(100000);
      console.log('half');
      await new Promise(() => {});
    })());`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const other = path.join(folder, 'best.safetensors');
  await writeAtomically(other, [Buffer.from('good')]);
  const [half] = fs.readdirSync(folder).filter((name) => name.endsWith('.tmp'));
  expect(half).toBeDefined();

  child.kill('SIGKILL');
  await once(child, 'exit');
  // Also where the next run writes another file of the folder.
  await writeAtomically(other, [Buffer.from('better')]);
  expect(fs.readdirSync(folder)).toEqual(['best.safetensors']);
  expect(fs.readFileSync(other, 'utf8')).toBe('better');
});

const onPosix = process.platform === 'win32' ? test.skip : test;

onPosix('a file that is replaced keeps its permissions, whatever the umask', async () => {
  const file = path.join(folder, 'private.safetensors');
  await writeAtomically(file, [Buffer.from('old')]);
  for (const mode of [0o600, 0o666, 0o440]) {
    fs.chmodSync(file, mode);
    await writeAtomically(file, [Buffer.from('new')]);
    expect(fs.statSync(file).mode & 0o777).toBe(mode);
  }
  expect(fs.readFileSync(file, 'utf8')).toBe('new');
});
