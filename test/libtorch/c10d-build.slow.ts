import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from '../cli/run';
import { findLibtorch } from '../../lib/libtorch/find';
import { fakeLibtorch, libraryFile } from './fakes';

// What is built for another LibTorch than that of the addon, and what CMake refuses before anything is compiled, with files that stand for headers: NCCL's can't be tried without a GPU.

const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-c10d-build-'));
afterAll(() => fs.rmSync(tmp, { recursive: true, force: true }));

function write(folder: string, files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(tmp, folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return path.join(tmp, folder);
}

const nccl = (minor: number): string => `#define NCCL_MAJOR 2\n#define NCCL_MINOR ${minor}\n#define NCCL_PATCH 7\n`;

function build(environment: NodeJS.ProcessEnv): string {
  const libtorch = fakeLibtorch(path.join(tmp, 'site-packages', 'torch'), '2.14.1+cu130');
  write('site-packages', {
    'torch/include/torch/headeronly/version.h': '#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 14\n',
    'torch/include/c10/cuda/impl/cuda_cmake_macros.h': '',
    'torch-2.14.1.dist-info/METADATA': 'Requires-Dist: nvidia-nccl-cu13==2.30.7; platform_system == "Linux"\n',
  });
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.join(ROOT, 'scripts', 'build-native.js'), '--c10d', libtorch],
    {
      encoding: 'utf8',
      env: { ...process.env, RESNET_FT_GLOO: write('gloo', { 'gloo/config.h': '' }), ...environment },
    },
  );
  expect(status).toBe(1);
  // CMake breaks lines.
  return stderr.replace(/\s+/g, ' ');
}

test('what several processes need is built alone for the LibTorch in a folder, and named', () => {
  const { path: libtorch, version } = findLibtorch({ requireHeaders: true });
  const minor = version.split('.').slice(0, 2).join('.');
  const script = path.join(ROOT, 'scripts', 'build-native.js');
  const { status, stdout } = spawnSync(process.execPath, [script, '--c10d', libtorch], { encoding: 'utf8' });
  const file = path.join(ROOT, 'build', `c10d-${minor}`, 'Release', libraryFile(`resnet_ft_c10d-${minor}`));
  expect([status, stdout.split('\n')[0]]).toEqual([0, file]);
  expect(fs.existsSync(file)).toBe(true);
  // Nothing else of the addon.
  expect(fs.readdirSync(path.dirname(file)).filter((name) => !name.includes('c10d'))).toEqual([]);
}, 600_000);

test('an nccl.h of another version than the one with which LibTorch was compiled is refused', () => {
  const headers = write('other', { 'nccl.h': nccl(29), 'cuda_runtime_api.h': '' });
  expect(build({ RESNET_FT_NCCL: headers, RESNET_FT_CUDA: headers })).toMatch(
    /don't fit: \S+nccl\.h is of NCCL 2\.29\.7, and this LibTorch was compiled with 2\.30\.7/,
  );
}, 120_000);

test('folders that lack headers of CUDA are refused where they were named', () => {
  const headers = write('some', { 'nccl.h': nccl(30), 'cuda_runtime_api.h': '' });
  expect(build({ RESNET_FT_NCCL: headers, RESNET_FT_CUDA: headers })).toMatch(/some lacks headers of CUDA/);
}, 120_000);

test('a folder without gloo/config.h is refused where it was named', () => {
  expect(build({ RESNET_FT_GLOO: tmp })).toContain(`RESNET_FT_GLOO names ${tmp}, which has no gloo/config.h`);
});
