import { oneLine, throwIfAborted } from '../errors';
import { checkControl, resolveDoctorOptions, type DoctorOptions } from '../options';
import { checkCacheDisk, checkCrops, checkData, checkDiskHere, checkWeights, checkWeightsDisk } from './caches';
import { checkCpu, checkMemory, checkNode, checkPackage, checkPlatform, checkThreads, manifest } from './machine';
import { checkGpuCode } from './gpu-code';
import { checkAddon, checkBackend, checkCuda, checkGpu, checkLibtorch, checkPrecision } from './native';
import { checkNetwork } from './network';
import { checkJs, checkSharp } from './packages';
import { checkProcesses } from './processes';
import { unwell, type DoctorCheck, type DoctorReport } from './report';
import { runProbe } from './run-probe';

/** Beside the options of {@link doctor}. */
export interface DoctorControl {
  /** Ends the checks that are under way. */
  signal?: AbortSignal | undefined;
}

type Check = DoctorCheck | DoctorCheck[];

/** A check that fails is a line, not the end of the others. */
async function guarded(name: string, check: () => Check | Promise<Check>): Promise<DoctorCheck[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    const { message } = error as Error;
    return [unwell('problem', name, `could not be checked: ${message}`, 'Fix what it names')];
  }
}

const STOPPED = 'The doctor was stopped';

/**
 * Looks at everything that this package needs: Node.js, platform, CPU, threads, memory, LibTorch, the addon, devices, sharp, the js
 * backend, caches, disks, and the variables that downloads heed. LibTorch, the addon, sharp and the js backend are loaded in
 * processes of their own, so that what crashes or hangs is a line of the report. Opens no connection and changes nothing.
 *
 * @param options `verify` (default false) also compares the SHA-256 of the weights that are there; `timeout` (default 10) is the
 *   seconds after which a check counts as hanging
 * @throws ResnetFtError INVALID_OPTION, or ABORTED by `control.signal`; whatever is broken is in the report.
 */
export async function doctor(options: DoctorOptions = {}, control: DoctorControl = {}): Promise<DoctorReport> {
  const { verify, timeout } = resolveDoctorOptions(options);
  checkControl(control);
  const { signal } = control;
  throwIfAborted(signal, STOPPED);

  const native = runProbe('native', timeout, signal);
  const sharp = runProbe('sharp', timeout, signal);
  const js = runProbe('js', timeout, signal);
  const gpu = checkGpu(timeout);
  const lists = await Promise.all([
    guarded('package', checkPackage),
    guarded('node', () => checkNode()),
    guarded('platform', () => checkPlatform()),
    guarded('cpu', checkCpu),
    guarded('threads', checkThreads),
    guarded('memory', () => checkMemory()),
    guarded('libtorch', async () => checkLibtorch(await native)),
    guarded('addon', async () => checkAddon(await native)),
    guarded('backend', async () => checkBackend(await native, await js)),
    guarded('precision', async () => checkPrecision(await native)),
    guarded('gpu', async () => (await gpu).check),
    guarded('cuda', async () => checkCuda(await native, await gpu)),
    guarded('processes', async () => checkProcesses(await native)),
    guarded('gpu code', async () => checkGpuCode(await native)),
    guarded('sharp', async () => checkSharp(await sharp)),
    guarded('js backend', async () => checkJs(await js, await native)),
    guarded('weights', () => checkWeights(verify, signal)),
    guarded('data', checkData),
    guarded('crops', checkCrops),
    guarded('disk caches', checkCacheDisk),
    guarded('disk weights', checkWeightsDisk),
    guarded('disk here', checkDiskHere),
    guarded('network', checkNetwork),
  ]);
  throwIfAborted(signal, STOPPED);

  const checks = lists.flat().map((check) => ({ ...check, found: oneLine(check.found) }));
  const count = (status: DoctorCheck['status']): number => checks.filter((check) => check.status === status).length;
  const problems = count('problem');
  return {
    schema: 1,
    version: manifest().version,
    ok: problems === 0,
    problems,
    warnings: count('warning'),
    checks,
  };
}
