import fs from 'node:fs';
import path from 'node:path';
import { loadAddon } from '../../lib/backend/native/load';
import { openJsBackend } from '../../lib/backend/js/backend';
import { madeImage } from '../backend/images';
import { run, scratch } from '../cli/run';
import { SMALL_RUN } from './small-run';

const tmp = scratch();

// Elsewhere there is no way to a file without a name.
const onLinux = process.platform === 'linux' ? test : test.skip;

/** The open files without a name of a process whose name held `part`. */
function nameless(pid: number | string, part: string): string[] {
  const folder = `/proc/${pid}/fd`;
  return fs
    .readdirSync(folder)
    .map((name) => path.join(folder, name))
    .filter((link) => {
      try {
        const target = fs.readlinkSync(link);
        return target.includes(part) && target.endsWith(' (deleted)');
      } catch {
        return false; // closed meanwhile
      }
    });
}

onLinux('a file of crops that is cut while they are read ends the run with an error that names it', async () => {
  const output = path.join(tmp, 'run');
  const args = [...SMALL_RUN, '--epochs', '50', '--crop-memory', '0', '--output', output, '--json'];
  let cut = 0;
  const ran = await run(args, {
    onStdout: (text, { pid }) => {
      if (cut > 0 || !text.includes('"kind":"step"')) return;
      for (const file of nameless(pid as number, '.crops-train')) {
        fs.truncateSync(file, fs.statSync(file).size / 2);
        cut++;
      }
    },
  });
  expect(cut).toBe(1);
  expect(ran.code).toBe(1); // null where a signal ended it
  expect(ran.stderr).toMatch(/^resnet-ft: \/[^\n]*\n$/);
  const reason = "the file of the crops can't be read (it ends too early: something cut it short)";
  const [, file = ''] = /: (\S+crops-train\S*): /.exec(ran.stderr.slice('resnet-ft'.length)) ?? [];
  expect(path.dirname(file)).toBe(output);
  expect(ran.stderr).toContain(`${file}: ${reason}`);
});

onLinux.each(['native', 'js'])('a store says which file could not be read: %s', async (name) => {
  const backend = name === 'native' ? loadAddon() : await openJsBackend('wasm');
  const file = path.join(tmp, `${name}.crops`);
  const store = backend.createCropStore(3, 8, file);
  try {
    await store.put(0, madeImage(20, 30), 8);
    await store.put(2, madeImage(30, 20), 8);
    expect([...store.get(1)]).toEqual(new Array(3 * 8 * 8).fill(0)); // never written
    const whole = store.get(0);
    const [open = ''] = nameless(process.pid, `${name}.crops`);
    fs.truncateSync(open, 3 * 8 * 8 * 2.5);
    expect(store.get(0)).toEqual(whole);
    expect(() => store.get(2)).toThrow(
      expect.objectContaining({
        code: 'NATIVE_ERROR',
        message: `${file}: the file of the crops can't be read (it ends too early: something cut it short)`,
      }),
    );
  } finally {
    store.close();
  }
});
