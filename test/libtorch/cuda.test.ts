import fs from 'node:fs';
import path from 'node:path';
import { findLibtorch } from '../../lib/libtorch/find';
import { ANTS_BEES, run, scratch } from '../cli/run';
import { diagnose } from '../doctor/package-copy';
import { libraryFile } from './fakes';

const folder = scratch();
/** Where there is a driver, the CUDA libraries are opened, and these are none. */
const withoutDriver = process.platform === 'linux' && !fs.existsSync('/proc/driver/nvidia') ? test : test.skip;

/** The LibTorch of these tests with CUDA libraries that can't be opened. */
function cudaBuild(): string {
  const real = findLibtorch();
  const made = path.join(folder, 'torch');
  const lib = path.join(made, 'lib');
  fs.mkdirSync(lib, { recursive: true });
  for (const file of real.libraries) fs.symlinkSync(file, path.join(lib, path.basename(file)));
  for (const name of ['c10_cuda', 'torch_cuda']) {
    const file = path.join(lib, libraryFile(name));
    fs.rmSync(file, { force: true });
    fs.writeFileSync(file, 'no library');
  }
  fs.writeFileSync(path.join(made, 'version.py'), `__version__ = '${real.version}'\n`);
  return made;
}

withoutDriver(
  'a CUDA build without a driver computes on the CPU, its CUDA libraries unopened, and says why',
  async () => {
    const LIBTORCH = cudaBuild();
    const { code, check } = await diagnose([], { LIBTORCH });
    expect(code).toBe(0);
    expect(check('addon').status).toBe('ok');
    expect(check('cuda').found).toBe("not used: there is no NVIDIA driver (libcuda.so.1 can't be opened)");
    const output = path.join(folder, 'run');
    const args = ['train', ANTS_BEES, '--weights', 'none', '--device', 'cuda', '--output', output];
    const trained = await run(args, { env: { LIBTORCH } });
    expect(trained).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^resnet-ft: .*no NVIDIA driver.*\n$/) as string,
    });
  },
);
