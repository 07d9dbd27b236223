import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import satisfies from 'semver/functions/satisfies';
import { hasLibtorch, PLATFORM } from '../libtorch/platform';
import { glibcVersion } from '../machine/glibc';
import { availableMemory } from '../machine/cgroup';
import { packageRoot } from '../machine/root';
import { defaultThreads } from '../machine/threads';
import { shownBytes } from '../files/disk';
import { fine, unwell, type DoctorCheck } from './report';
import { counted } from '../text/count';

const run = promisify(execFile);

/** PyTorch's wheels are manylinux_2_28: built for this glibc or a later one. */
const GLIBC = '2.28';

/** Below this, training ResNet-50 with the default batch does not fit. */
const LITTLE_MEMORY = 2e9;

const isOlder = (version: string, than: string): boolean =>
  version.localeCompare(than, 'en', { numeric: true, sensitivity: 'base' }) < 0;

interface Manifest {
  version: string;
  engines: { node: string };
}

/** This package's package.json. */
export function manifest(): Manifest {
  return JSON.parse(fs.readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')) as Manifest;
}

/** Which resnet-ft this is. */
export function checkPackage(): DoctorCheck {
  const { version } = manifest();
  const root = packageRoot();
  return fine('package', `resnet-ft ${version} in ${root}`, { version, path: root });
}

/** Node.js against `engines`. */
export function checkNode(version = process.versions.node): DoctorCheck {
  const range = manifest().engines.node;
  const data = { version, path: process.execPath };
  const found = `Node.js ${version} (${process.execPath})`;
  if (satisfies(version, range, { includePrerelease: true })) return fine('node', found, data);
  return unwell('problem', 'node', `${found} is not in ${range}`, 'Install the newest LTS of Node.js', data);
}

/** The platform and its C library. `glibc` is empty where another C library is used. */
export function checkPlatform(
  platform = PLATFORM,
  glibc = platform.startsWith('linux') ? glibcVersion() : '',
): DoctorCheck {
  const data = { platform, glibc: glibc === '' ? null : glibc };
  const linux = platform.startsWith('linux');
  const libc = !linux ? '' : glibc === '' ? ', without glibc (musl, as on Alpine)' : `, glibc ${glibc}`;
  const found = `${platform}${libc}, ${os.type()} ${os.release()}`;
  if (!hasLibtorch(platform)) {
    return unwell('warning', 'platform', `${found}: there is no LibTorch for it`, 'Use --backend js', data);
  }
  if (linux && glibc === '') {
    const fix = 'Use an image with glibc, such as node:22-bookworm-slim, or --backend js';
    return unwell('warning', 'platform', `${found}: LibTorch needs glibc`, fix, data);
  }
  if (linux && isOlder(glibc, GLIBC)) {
    const fix = `Use a system with glibc ${GLIBC} or later, or --backend js`;
    return unwell('problem', 'platform', `${found}: LibTorch needs glibc ${GLIBC} or later`, fix, data);
  }
  return fine('platform', found, data);
}

/** CPU features that decide on speed, as Linux' /proc/cpuinfo spells them. */
const FEATURES = ['avx2', 'fma', 'avx512f', 'avx512_bf16', 'amx_bf16', 'asimd', 'bf16', 'i8mm', 'sve'];

/** The features in the text of /proc/cpuinfo (`flags` on x86, `Features` on Arm). */
export function featuresOfCpuinfo(text: string): string[] {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
  return FEATURES.filter((feature) => flags.includes(feature));
}

/** macOS' names (`sysctl hw.optional`) for the same. */
const SYSCTL: Readonly<Record<string, string>> = {
  'hw.optional.avx2_0': 'avx2',
  'hw.optional.avx512f': 'avx512f',
  'hw.optional.AdvSIMD': 'asimd',
  'hw.optional.arm.FEAT_BF16': 'bf16',
  'hw.optional.arm.FEAT_I8MM': 'i8mm',
};

/** The features in what `sysctl hw.optional` prints on macOS. */
export function featuresOfSysctl(text: string): string[] {
  const set = [...text.matchAll(/^(\S+): 1$/gm)].map((match) => SYSCTL[match[1] ?? '']);
  return FEATURES.filter((feature) => set.includes(feature));
}

/** undefined where the system does not tell. */
async function cpuFeatures(): Promise<string[] | undefined> {
  try {
    if (process.platform === 'linux') return featuresOfCpuinfo(await readFile('/proc/cpuinfo', 'utf8'));
    if (process.platform !== 'darwin') return undefined;
    return featuresOfSysctl((await run('sysctl', ['hw.optional'], { timeout: 2000 })).stdout);
  } catch {
    return undefined;
  }
}

/** The processor and what it can do. */
export async function checkCpu(): Promise<DoctorCheck> {
  const features = await cpuFeatures();
  const model = os.cpus()[0]?.model.trim() || 'unknown model';
  const listed = features === undefined ? 'features unknown on this system' : features.join(' ') || 'no SIMD features';
  const found = `${model}: ${listed}`;
  const data = { model, features: features ?? null };
  if (process.arch !== 'x64' || features === undefined || features.includes('avx2')) return fine('cpu', found, data);
  const fix = 'Train less of the network: --train-from fc';
  return unwell('warning', 'cpu', `${found}; without AVX2 training takes several times as long`, fix, data);
}

/** Threads that LibTorch takes where --threads says nothing. */
export function checkThreads(): DoctorCheck {
  const processors = os.availableParallelism();
  const limited = defaultThreads();
  const omp = Number.parseInt(process.env['OMP_NUM_THREADS'] ?? '', 10);
  const data = { processors, threads: limited > 0 ? limited : omp > 0 ? omp : processors };
  const have = counted(processors, 'processor');
  if (omp > 0 && omp < processors) {
    const found = `${have}, but OMP_NUM_THREADS is ${omp}`;
    return unwell('warning', 'threads', found, 'Unset OMP_NUM_THREADS, or give --threads', data);
  }
  if (limited > 0) return fine('threads', `${have}; ${limited} used, the limit of the container`, data);
  return fine('threads', `${have}, not limited by a container`, data);
}

/** Memory that is free, by the limit of a container too. */
export function checkMemory(available = availableMemory()): DoctorCheck {
  const total = process.constrainedMemory() || os.totalmem();
  const data = { available, total: Math.min(total, os.totalmem()) };
  const found = `${shownBytes(available)} available of ${shownBytes(data.total)}`;
  if (available >= LITTLE_MEMORY) return fine('memory', found, data);
  const fix = 'Close other programs, or train with --train-from fc --batch-size 4';
  return unwell('warning', 'memory', `${found}: not much for training`, fix, data);
}
