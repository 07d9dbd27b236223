import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from '../../lib/files/atomic-file';
import { replacingNothing } from '../../lib/files/output-file';
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

describe('a file that can not be closed', () => {
  afterEach(() => jest.restoreAllMocks());

  /** Files close, and say then that what was written is lost. */
  function failToClose(): void {
    const { open } = promises;
    jest.spyOn(promises, 'open').mockImplementation(async (...args) => {
      const handle = await open(...args);
      const close = handle.close.bind(handle);
      handle.close = async () => {
        await close();
        throw Object.assign(new Error('lost'), { code: 'EIO' });
      };
      return handle;
    });
  }

  test('is not written, and leaves nothing', async () => {
    const place = fs.mkdtempSync(path.join(folder, 'lost-'));
    failToClose();
    await expect(writeAtomically(path.join(place, 'model.pth'), [Buffer.from('a')])).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: expect.stringContaining('lost') as string,
    });
    expect(fs.readdirSync(place)).toEqual([]);
  });

  test('does not hide what ended the writing', async () => {
    const stopped = new Error('no more memory');
    failToClose();
    const chunks = (function* () {
      yield Buffer.from('a');
      throw stopped;
    })();
    await expect(writeAtomically(path.join(folder, 'hidden'), chunks)).rejects.toMatchObject({ cause: stopped });
  });
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

describe('a file that is not to be replaced', () => {
  const place = path.join(folder, 'new');
  const file = path.join(place, 'model.onnx');
  const finish = replacingNothing('--output');
  beforeEach(() => {
    fs.rmSync(place, { recursive: true, force: true });
    fs.mkdirSync(place);
  });
  afterEach(() => jest.restoreAllMocks());

  /** What is written, while another program may write. */
  async function* written(meanwhile?: () => void): AsyncGenerator<Buffer> {
    yield Buffer.from('ours');
    await Promise.resolve();
    meanwhile?.();
  }

  const ways: [string, string | undefined][] = [
    ['by a link', undefined],
    ['without links', 'EPERM'],
    ['without the system call', 'ENOSYS'],
  ];
  test.each(ways)('%s: stays, though it appeared meanwhile, and nothing is left beside it', async (_, code) => {
    if (code !== undefined) {
      jest.spyOn(promises, 'link').mockRejectedValue(Object.assign(new Error('no links'), { code }));
    }
    await writeAtomically(file, written(), finish);
    expect(fs.readFileSync(file, 'utf8')).toBe('ours');
    expect(fs.readdirSync(place)).toEqual(['model.onnx']);
    expect(fs.statSync(file).nlink).toBe(1);

    fs.rmSync(file);
    const late = writeAtomically(
      file,
      written(() => fs.writeFileSync(file, 'theirs')),
      finish,
    );
    await expect(late).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: `cannot write ${file}: it exists`,
      hint: 'Replace it with --force, or give another name with --output',
    });
    expect(fs.readFileSync(file, 'utf8')).toBe('theirs');
    expect(fs.readdirSync(place)).toEqual(['model.onnx']);
  });

  onPosix('is written in the place of a link that leads nowhere', async () => {
    fs.symlinkSync(path.join(place, 'nowhere'), file);
    await writeAtomically(file, written(), finish);
    expect(fs.lstatSync(file).isFile()).toBe(true);
    expect(fs.readdirSync(place)).toEqual(['model.onnx']);
  });
});
