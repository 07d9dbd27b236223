import fs from 'node:fs';
import path from 'node:path';
import { findLibtorch } from '../../lib/libtorch/find';
import { ANTS_BEES, run, scratch, type Outcome } from '../cli/run';
import { diagnose } from '../doctor/package-copy';
import { madeWeights } from '../made-weights';
import { buildNetwork } from '../../lib/network/architecture';
import { callApi } from '../predict/call-api';
import { libraryFile, OPENABLE } from './fakes';

const folder = scratch();
const onLinux = process.platform === 'linux' ? describe : describe.skip;
const IMAGES = path.join(ANTS_BEES, 'val', 'ants');
const weights = path.join(folder, 'made.pth');

/** The LibTorch of these tests with CUDA libraries: by `fill`, or such as can be opened and do nothing. */
function cudaBuild(name: string, fill = (file: string): void => fs.copyFileSync(OPENABLE, file)): string {
  const real = findLibtorch();
  const made = path.join(folder, name);
  const lib = path.join(made, 'lib');
  fs.mkdirSync(lib, { recursive: true });
  for (const file of real.libraries) fs.symlinkSync(file, path.join(lib, path.basename(file)));
  for (const library of ['c10_cuda', 'torch_cuda']) fill(path.join(lib, libraryFile(library)));
  fs.writeFileSync(path.join(made, 'version.py'), `__version__ = '${real.version}'\n`);
  return made;
}

/** An environment with a library that passes for NVIDIA's driver. */
function withDriver(LIBTORCH: string): { LIBTORCH: string; LD_LIBRARY_PATH: string } {
  const driver = path.join(folder, 'driver');
  fs.mkdirSync(driver, { recursive: true });
  fs.copyFileSync(OPENABLE, path.join(driver, 'libcuda.so.1'));
  return { LIBTORCH, LD_LIBRARY_PATH: driver };
}

/** Runs the command line, and says which of its libraries were open at the end. */
async function runAndLook(
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<Outcome & { cuda: boolean; torch: boolean }> {
  const spy = path.join(folder, 'spy.js');
  const maps = path.join(folder, 'maps');
  fs.writeFileSync(
    spy,
    `const fs = require('node:fs');
     process.on('exit', () => fs.writeFileSync(${JSON.stringify(maps)}, fs.readFileSync('/proc/self/maps')));`,
  );
  const outcome = await run(args, { env: { ...env, NODE_OPTIONS: `--require ${spy}` } });
  const open = fs.readFileSync(maps, 'utf8');
  return { ...outcome, cuda: open.includes('libtorch_cuda.so'), torch: open.includes('libtorch_cpu.so') };
}

onLinux('a CUDA build of LibTorch', () => {
  beforeAll(() => madeWeights(weights, { network: buildNetwork('resnet18', 1000), seed: 3 }));

  // Where there is a driver, the CUDA libraries are opened, and these are none.
  const withoutDriver = fs.existsSync('/proc/driver/nvidia') ? test.skip : test;
  withoutDriver('without a driver: it computes on the CPU, its CUDA libraries unopened, and says why', async () => {
    const LIBTORCH = cudaBuild('no-driver', (file) => fs.writeFileSync(file, 'no library'));
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
  });

  test('with a driver: --device cpu does not open its CUDA libraries, nor auto where every GPU is hidden; otherwise auto does', async () => {
    const env = withDriver(cudaBuild('openable'));
    const args = ['eval', weights, path.join(ANTS_BEES, 'val'), '--json'];
    expect(await runAndLook([...args, '--device', 'cpu'], env)).toMatchObject({ code: 0, torch: true, cuda: false });
    expect(await runAndLook(args, env)).toMatchObject({ code: 0, torch: true, cuda: true });
    const hidden = await runAndLook(args, { ...env, CUDA_VISIBLE_DEVICES: '' });
    expect(hidden).toMatchObject({ code: 0, cuda: false });
  });

  test('with a driver: a few images are predicted on the CPU, unless a GPU is asked for', async () => {
    const env = withDriver(cudaBuild('predicting'));
    const image = path.join(IMAGES, fs.readdirSync(IMAGES)[0] as string);
    const one = await runAndLook(['predict', weights, image], env);
    expect(one).toMatchObject({ code: 0, stderr: '', torch: true, cuda: false });
    const told = await runAndLook(['predict', weights, IMAGES, '--verbose'], env);
    expect(told).toMatchObject({
      code: 0,
      cuda: false,
      stderr: expect.stringMatching(/^device cpu: .*--device cuda.*\n$/),
    });
    const many = await runAndLook(['predict', weights, ...Array<string>(17).fill(image)], env);
    expect(many).toMatchObject({ code: 0, stderr: '', cuda: true });
    const asked = await runAndLook(['predict', weights, image, '--device', 'cuda'], env);
    expect(asked).toMatchObject({ code: 1, cuda: true, stderr: expect.stringContaining("device cuda can't be used") });
  });

  test('a program that first asks for the CPU has them opened when it asks for a GPU', async () => {
    const open = await callApi(
      async ({ api }, file) => {
        const { readFileSync } = require('node:fs') as typeof fs; // eslint-disable-line
        const isOpen = (): boolean => readFileSync('/proc/self/maps', 'utf8').includes('libtorch_cuda.so');
        const cpu = await api.loadModel(file, { device: 'cpu' });
        const before = isOpen();
        const any = await api.loadModel(file, { device: 'auto' });
        await Promise.all([cpu.close(), any.close()]);
        return [before, isOpen()];
      },
      weights,
      withDriver(cudaBuild('later')),
    );
    expect(open).toEqual([false, true]);
  });

  test('with CUDA libraries that cannot be opened: auto computes on the CPU and says why, and cuda is an error', async () => {
    const env = withDriver(cudaBuild('damaged', (file) => fs.writeFileSync(file, 'no library')));
    const args = ['eval', weights, path.join(ANTS_BEES, 'val')];
    const auto = await run(args, { env });
    expect(auto).toMatchObject({ code: 0 });
    expect(auto.stdout + auto.stderr).toMatch(
      /device cpu \(auto: LibTorch's CUDA libraries can't be opened: .*libc10_cuda\.so/,
    );
    const asked = await run([...args, '--device', 'cuda'], { env });
    expect(asked).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^resnet-ft: .*CUDA libraries can't be opened.*\n$/),
    });
  });
});
