import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { removeStale, temporaryName } from '../../lib/files/stale';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stale-'))));
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
});

const there = (): string[] => fs.readdirSync(folder).sort();

/** A process that makes a temporary file for `model.bin` and lives on. */
async function writer(): Promise<{ child: ChildProcess; file: string }> {
  const script = `
    const { temporaryName } = require(${JSON.stringify(path.resolve('dist/files/stale.js'))});
    const file = temporaryName(${JSON.stringify(path.join(folder, 'model.bin'))});
    require('node:fs').writeFileSync(file, 'half');
    console.log(file);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, file: path.basename(line.toString().trim()) };
}

describe('temporary files of processes', () => {
  it('are removed once their process was killed, and not before', async () => {
    const { child, file } = await writer();
    const other = await writer();
    await removeStale(folder);
    expect(there()).toEqual([file, other.file].sort());
    child.kill('SIGKILL');
    await once(child, 'exit');
    await removeStale(folder);
    expect(there()).toEqual([other.file]);
  });

  it('are known whatever the name of their file', async () => {
    const { child, file } = await writer();
    child.kill('SIGKILL');
    await once(child, 'exit');
    fs.renameSync(path.join(folder, file), path.join(folder, file.replace('model.bin', 'a\nb.png')));
    await removeStale(folder);
    expect(there()).toEqual([]);
  });

  it('of this process stay', async () => {
    fs.writeFileSync(temporaryName(path.join(folder, 'a')), '');
    await removeStale(folder);
    expect(there()).toHaveLength(1);
  });

  it('go with a folder, and only those of the files that are meant', async () => {
    const { child, file } = await writer();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const made = file.replace('model.bin', 'unpacked');
    fs.mkdirSync(path.join(folder, made));
    fs.writeFileSync(path.join(folder, made, 'inside'), '');
    await removeStale(folder, (base) => base === 'unpacked');
    expect(there()).toEqual([file]);
  });

  (process.platform === 'linux' ? it : it.skip)('go where another process has the id by now', async () => {
    const name = path.basename(temporaryName(path.join(folder, 'a')));
    fs.writeFileSync(path.join(folder, name.replace(/-\d+-([0-9a-f]{8}\.tmp)$/, '-1-$1')), '');
    await removeStale(folder);
    expect(there()).toEqual([]);
  });

  it('of another machine go after a day', async () => {
    const name = path.basename(temporaryName(path.join(folder, 'a')));
    const young = path.join(folder, name.replace(/\.[0-9a-f]{8}-/, '.00000000-'));
    const old = young.replace('.00000000-', '.00000001-');
    fs.writeFileSync(young, '');
    fs.writeFileSync(old, '');
    const before = Date.now() / 1000 - 2 * 86_400;
    fs.utimesSync(old, before, before);
    await removeStale(folder);
    expect(there()).toEqual([path.basename(young)]);
  });

  it('are told from files of other names, and a folder that is not there is no error', async () => {
    const names = ['.a.tmp', 'a.bin', '.model.bin.123456789abc.tmp', '.a.00000000-x-1-00000000.tmp'];
    for (const name of names) fs.writeFileSync(path.join(folder, name), '');
    const before = Date.now() / 1000 - 2 * 86_400;
    for (const name of names) fs.utimesSync(path.join(folder, name), before, before);
    await removeStale(folder);
    expect(there()).toEqual([...names].sort());
    await removeStale(path.join(folder, 'none'));
  });

  it('have names that fit, however long the file’s own is', () => {
    const file = path.join(folder, 'ü'.repeat(125));
    const name = temporaryName(file);
    expect(Buffer.byteLength(path.basename(name))).toBeLessThanOrEqual(255);
    fs.writeFileSync(name, '');
    fs.renameSync(name, file);
    expect(there()).toEqual([path.basename(file)]);
  });

  // Only root can give a file to somebody else.
  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot('of somebody else stay: a link could take the place of a folder while it is removed', async () => {
    const { child, file } = await writer();
    child.kill('SIGKILL');
    await once(child, 'exit');
    fs.chownSync(path.join(folder, file), 65534, 65534);
    await removeStale(folder);
    expect(there()).toEqual([file]);
  });
});
