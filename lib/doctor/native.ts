import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { hasNothingNative } from '../backend/registry';
import type { FoundLibtorch } from '../libtorch/find';
import { wayToLibtorch } from '../libtorch/find';
import { whyNoLibtorch } from '../libtorch/platform';
import { CAPABILITIES } from '../backend/native/capabilities';
import { chooseDevice, type CudaDevice, type DeviceInfo } from '../machine/device';
import { shownBytes } from '../files/disk';
import { fine, unwell, type DoctorCheck } from './report';
import type { ProbeResult, StageError, StageResult } from './run-probe';
import { writableByOthers } from './writable';

const run = promisify(execFile);

const NOT_TRIED: StageError = { code: '', message: 'it was not tried' };

/** The libraries that were found, place by place. */
export function checkLibtorch(native: ProbeResult, none = whyNoLibtorch()): DoctorCheck[] {
  const stage = native.get('libtorch');
  if (stage?.value === undefined) {
    if (native.get('loader')?.error !== undefined) {
      return [
        unwell('problem', 'libtorch', 'not looked for, because the addon fails', 'Fix what the line addon reports'),
      ];
    }
    const error = stage?.error ?? native.get('native')?.error ?? NOT_TRIED;
    const status = statusWithout(error, none);
    if (error.code !== '') return [unwell(status, 'libtorch', error.message, error.hint ?? wayToLibtorch(false, none))];
    // The search itself did not end, and only the Python on the PATH can make it hang.
    const fix = 'Set LIBTORCH to a LibTorch folder, so that the Python on the PATH is not consulted';
    return [unwell('problem', 'libtorch', `looking for it: ${error.message}`, fix)];
  }
  const { version, path: folder, source, rejected, libraries } = stage.value as FoundLibtorch;
  const by = source === 'LIBTORCH' ? 'named by LIBTORCH' : `from ${source}`;
  const text = `${version} in ${folder} (${by})`;
  const data = { version, path: folder, source };
  const open = writableByOthers([folder, ...libraries]);
  const found =
    open === undefined
      ? fine('libtorch', text, data)
      : unwell(
          'warning',
          'libtorch',
          `${text}, whose code is run, but ${open}`,
          'Take that permission away (chmod go-w, chown)',
          data,
        );
  const passed = rejected.map(({ source: rung, path: place, reason }) =>
    fine(`libtorch ${rung}`, `passed over: ${place === undefined ? '' : `${place}: `}${reason}`),
  );
  return [found, ...passed];
}

/** Of a machine without LibTorch: what can't be there is no fault of its own, and the js backend is what it has. */
function statusWithout(error: StageError | undefined, none: string | undefined): 'warning' | 'problem' {
  return none !== undefined && error?.code === 'LIBTORCH_NOT_FOUND' ? 'warning' : 'problem';
}

/** Why the file that was opened is the one. */
function origin(file: string): string {
  const folders = path.dirname(file).split(path.sep);
  if (folders.includes('prebuilds')) return `prebuilt for ${process.platform}-${process.arch}`;
  return folders.includes('build')
    ? 'built on this machine, which goes before a prebuilt one'
    : 'found by node-gyp-build';
}

/** The addon, loaded in a process of its own. */
export function checkAddon(native: ProbeResult, none = whyNoLibtorch()): DoctorCheck {
  const stage = native.get('addon') ?? failed(native, 'loader');
  if (stage === undefined) {
    const status = statusWithout(native.get('libtorch')?.error, none);
    return unwell(status, 'addon', 'not tried, because it needs LibTorch', 'Fix what the line libtorch reports');
  }
  const opened = native.get('open')?.value as string | undefined;
  const which = opened === undefined ? '' : `${opened} (${origin(opened)})`;
  const data = { file: opened ?? null };
  if (stage.error === undefined) {
    const { torchVersion } = stage.value as { torchVersion: string };
    return fine('addon', `${which}, compiled against LibTorch ${torchVersion}`, { ...data, torchVersion });
  }
  const { code, message, hint } = stage.error;
  if (code !== '') return unwell('problem', 'addon', message, hint, data);
  const { source } = (native.get('libtorch')?.value ?? {}) as Partial<FoundLibtorch>;
  const again = source === 'cache' ? 'Run: npx resnet-ft libtorch install, which replaces what is damaged. Or r' : 'R';
  const fix = hint ?? `${again}einstall resnet-ft, or run: npx resnet-ft build; or use --backend js`;
  return unwell('problem', 'addon', `loading ${which || 'it'}: ${message}`, fix, data);
}

/** A stage that went wrong. */
function failed(native: ProbeResult, stage: string): StageResult | undefined {
  const result = native.get(stage);
  return result?.error === undefined ? undefined : result;
}

/** What the addon reports about the machine; undefined if it is not loaded or does not answer. */
function deviceInfo(native: ProbeResult): DeviceInfo | undefined {
  return native.get('device')?.value as DeviceInfo | undefined;
}

/** The GPU of this number as the addon found it; one that did not answer is one that can't be used. */
function gpuOf(native: ProbeResult, index: number): CudaDevice {
  const { value, error = NOT_TRIED } = native.get(`cuda:${index}`) ?? {};
  return (value as CudaDevice | undefined) ?? { name: '', memory: 0, bf16: false, reason: error.message };
}

/** What `--backend auto` takes. */
export function checkBackend(native: ProbeResult, js: ProbeResult): DoctorCheck {
  if (native.get('addon')?.value !== undefined) return fine('backend', 'auto is native', { auto: 'native' });
  if (js.get('js')?.value !== undefined) {
    const error =
      native.get('libtorch')?.error ?? native.get('addon')?.error ?? native.get('native')?.error ?? NOT_TRIED;
    if (hasNothingNative(error)) {
      const found = 'auto is js, which is slower, because there is nothing for native';
      return unwell('warning', 'backend', found, 'Fix what the lines libtorch and addon report', { auto: 'js' });
    }
    const found = 'auto is an error, because native is there and cannot be loaded';
    return unwell('problem', 'backend', found, 'Fix what the lines libtorch and addon report, or use --backend js', {
      auto: null,
    });
  }
  const fix = 'Fix what the lines libtorch and addon report, or js backend';
  return unwell('problem', 'backend', 'none can be loaded: nothing can be trained or predicted', fix, { auto: null });
}

/** The arithmetic that `--precision auto` takes, and why. */
export function checkPrecision(native: ProbeResult): DoctorCheck {
  if (native.get('addon')?.value === undefined) {
    return fine('precision', 'fp32, the only one of the js backend', { training: 'fp32', prediction: 'fp32' });
  }
  const info = deviceInfo(native);
  if (info === undefined) {
    const error = native.get('device')?.error?.message ?? 'it was not asked';
    const fix = 'Set LIBTORCH to another LibTorch, or use --backend js';
    return unwell('problem', 'precision', `asking for the devices: ${error}`, fix);
  }
  const choice = (training: boolean): ReturnType<typeof chooseDevice> =>
    chooseDevice(
      { device: 'auto', precision: 'auto' },
      {
        ...{ label: 'native', capabilities: CAPABILITIES },
        ...{ deviceInfo: () => info, cudaDevice: (index) => gpuOf(native, index) },
      },
      training,
    );
  const [training, prediction] = [choice(true), choice(false)];
  const why =
    training.device !== 'cpu'
      ? `a GPU is used${training.precision === 'bf16' ? '' : ', which does not convolve bfloat16'}`
      : info.cpuBf16
        ? 'the CPU multiplies bfloat16 itself'
        : process.arch === 'arm64'
          ? 'LibTorch does not train with the bfloat16 of Arm CPUs'
          : 'the CPU does not multiply bfloat16 itself';
  return fine(
    'precision',
    `auto is ${training.precision} for training and ${prediction.precision} for prediction on ${training.device}: ${why}`,
    { device: training.device, training: training.precision, prediction: prediction.precision, cpuBf16: info.cpuBf16 },
  );
}

/** GPUs as NVIDIA's own tool lists them. */
export interface Gpu {
  check: DoctorCheck;
  present: boolean;
}

/** What `nvidia-smi` says of GPUs and driver. */
export async function checkGpu(seconds: number): Promise<Gpu> {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  try {
    const { stdout } = await run('nvidia-smi', query, {
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
      windowsHide: true,
    });
    const rows = stdout.split('\n').filter((line) => line.trim() !== '');
    const cards = rows.map((row) => row.split(',').map((cell) => cell.trim()));
    if (cards.length === 0) return { check: fine('gpu', 'nvidia-smi lists no GPU', { gpus: [] }), present: false };
    const names = cards.map(([name, , memory]) => `${name} (${memory})`);
    const driver = cards[0]?.[1] ?? 'unknown';
    const check = fine('gpu', `${names.join(', ')}, driver ${driver}`, { gpus: names, driver });
    return { check, present: true };
  } catch (error) {
    const { code, syscall, message, killed, stdout } = error as Error & {
      code?: unknown;
      syscall?: string;
      killed?: boolean;
      stdout?: string;
    };
    // EACCES: a folder of the PATH that this user may not enter.
    if (code === 'ENOENT' || (code === 'EACCES' && syscall?.startsWith('spawn') === true)) {
      const found = 'no NVIDIA driver: nvidia-smi is not on the PATH';
      return { check: fine('gpu', found, { gpus: [] }), present: false };
    }
    // Where the driver does not answer it says so on standard output.
    const said = stdout?.split('\n').find((line) => line.trim() !== '') ?? message.split('\n')[0] ?? '';
    const why = killed === true ? `no answer within ${seconds} s` : said.trim();
    const fix = 'Reinstall or restart the NVIDIA driver, or use --device cpu';
    return { check: unwell('warning', 'gpu', `nvidia-smi fails: ${why}`, fix), present: false };
  }
}

/** Whether `LIBTORCH` names the one in use, so that an installed one would not be looked for. */
function isNamed(native: ProbeResult): boolean {
  return (native.get('libtorch')?.value as FoundLibtorch | undefined)?.source === 'LIBTORCH';
}

function gpuText({ name, memory, bf16, reason }: CudaDevice, index: number): string {
  const which = `cuda:${index}${name === '' ? '' : ` ${name}`}`;
  return reason === ''
    ? `${which} (${shownBytes(memory)}${bf16 ? ', bfloat16' : ''})`
    : `${which} can't be used (${reason})`;
}

/** Whether CUDA is used, and if not, why. */
export function checkCuda(native: ProbeResult, gpu: Gpu): DoctorCheck {
  const info = deviceInfo(native);
  if (info === undefined) {
    const error = native.get('device')?.error;
    const why = error === undefined ? 'the native addon is not loaded' : error.message;
    return fine('cuda', `not known: ${why}`, { devices: 0 });
  }
  const gpus = Array.from({ length: info.cudaCount }, (_, index) => gpuOf(native, index));
  const usable = gpus.filter(({ reason }) => reason === '');
  const data = { devices: usable.length, built: info.cudaBuilt };
  if (gpus.length > 0) {
    const found = `${usable.length > 0 ? 'used' : 'not used'}: ${gpus.map(gpuText).join(', ')}`;
    if (usable.length === gpus.length) return fine('cuda', found, data);
    const fix =
      'Set LIBTORCH to a LibTorch that is built for this GPU and driver, or leave it out with CUDA_VISIBLE_DEVICES';
    return unwell('warning', 'cuda', found, fix, data);
  }
  const found = `not used: ${info.cudaReason || 'LibTorch finds no GPU'}`;
  if (!gpu.present) return fine('cuda', found, data);
  const fix = info.cudaBuilt
    ? 'Install a driver that fits this LibTorch, and check CUDA_VISIBLE_DEVICES'
    : `Run: npx resnet-ft libtorch install --cuda${isNamed(native) ? ', and set LIBTORCH to the folder that it prints' : ''}`;
  return unwell('warning', 'cuda', `${found}, though there is a GPU`, fix, data);
}
