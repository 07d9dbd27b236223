import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { ROOT, records, scratch, type Outcome } from '../cli/run';

const IMAGES = 20_000;
const DISTINCT = 50;
const CROP_BYTES = 3 * 224 * 224;
/** Room for LibTorch, Node.js and a step of ResNet-18 (0.7 GB), and not for the crops (3 GB). */
const LIMIT_KB = 1_500_000;

const tmp = scratch();
const data = path.join(tmp, 'data');

beforeAll(async () => {
  const originals: string[] = [];
  for (let i = 0; i < DISTINCT; i++) {
    const file = path.join(tmp, `${i}.jpg`);
    const raw = Uint8Array.from({ length: 32 * 32 * 3 }, (_, k) => (k * (i + 3) + (k >> 5) * 7) & 255);
    await sharp(raw, { raw: { width: 32, height: 32, channels: 3 } })
      .jpeg()
      .toFile(file);
    originals.push(file);
  }
  for (const [split, count] of [
    ['train', IMAGES],
    ['val', 20],
  ] as const) {
    for (const name of ['a', 'b']) fs.mkdirSync(path.join(data, split, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      const target = path.join(data, split, i % 2 === 0 ? 'a' : 'b', `${i}.jpg`);
      fs.linkSync(originals[i % DISTINCT] ?? '', target);
    }
  }
});

/** Runs the command line with so much private memory and no more, as `ulimit -d` bounds it. */
function runLimited(args: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const cli = path.join(ROOT, 'bin', 'resnet-ft.js');
    const command = ['-c', `ulimit -d ${LIMIT_KB} && exec "$0" "$@"`, process.execPath, cli, ...args];
    const child = spawn('sh', command, { cwd: ROOT });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const linux = process.platform === 'linux' ? describe : describe.skip;

linux(`${IMAGES} images under a limit of ${LIMIT_KB / 1e6} GB`, () => {
  const base = ['train', data, '--weights', 'none', '--arch', 'resnet18', '--batch-size', '8', '--steps', '1'];
  const common = [...base, '--device', 'cpu', '--threads', '1', '--json', '--cache-dir', path.join(tmp, 'cache')];

  test('the crops would not fit', async () => {
    expect(IMAGES * CROP_BYTES).toBeGreaterThan(LIMIT_KB * 1024);
    const ran = await runLimited([...common, '--crop-memory', '100GB', '--output', path.join(tmp, 'memory')]);
    expect(ran.stderr).toMatch(/^resnet-ft: no memory for the crops[^\n]*--crop-memory[^\n]*\n$/);
    expect(ran.code).toBe(1);
    expect(fs.existsSync(path.join(tmp, 'memory'))).toBe(false);
  });

  test('with crops in a file, a step and a validation pass succeed', async () => {
    const output = path.join(tmp, 'file');
    const ran = await runLimited([...common, '--crop-memory', '500MB', '--output', output]);
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    const events = records(ran.stdout);
    expect(events.filter(({ kind }) => kind === 'note')).toEqual([
      { kind: 'note', note: `train: ${IMAGES} crops (3.0 GB) are kept in a file of the output folder, not in memory` },
    ]);
    expect(events.filter(({ kind }) => kind === 'crops').at(-1)).toMatchObject({ done: IMAGES + 20 });
    expect(events.find(({ kind }) => kind === 'done')).toMatchObject({ steps: 1, valImages: 20 });
    expect(fs.readdirSync(output).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
