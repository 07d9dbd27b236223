import { ResnetFtError } from '../errors';
import type { MACHINE_OPTIONS, Precision, ResolvedOptions } from '../options';

/** What a backend finds on this machine. */
export interface DeviceInfo {
  /** Whether the backend was built with CUDA. */
  cudaBuilt: boolean;
  /** Number of usable CUDA devices. */
  cudaCount: number;
  /** Why CUDA can't be used; empty where it can. */
  cudaReason: string;
  /** Whether the CPU multiplies bfloat16 itself (AVX512-BF16 or AMX); elsewhere it is many times slower than float32. */
  cpuBf16: boolean;
}

/** What of a backend decides where a model runs. */
export interface Computer {
  /** What a person would call the backend. */
  readonly label: string;
  readonly capabilities: { readonly precisions: readonly Precision[] };
  deviceInfo(): DeviceInfo;
}

/** Where the caller wants a model to run. */
export type MachineOptions = ResolvedOptions<typeof MACHINE_OPTIONS>;

/** Where and in which arithmetic a run happens, and why. */
export interface DeviceChoice {
  device: string;
  precision: Precision;
  /** One line for a person where `auto` decided. */
  note: string;
}

/**
 * Turns `--device` and `--precision` into what the backend takes. `auto` is bfloat16 on a GPU, and for training on a CPU that
 * multiplies bfloat16 itself; a CPU predicts in float32, so that its figures are those of PyTorch.
 *
 * @throws ResnetFtError DEVICE_UNAVAILABLE where CUDA or a precision was asked for and can't be used.
 */
export function chooseDevice(
  options: Pick<MachineOptions, 'device' | 'precision'>,
  backend: Computer,
  training = false,
): DeviceChoice {
  const info = backend.deviceInfo();
  const auto = options.device === 'auto';
  const device = auto ? (info.cudaCount > 0 ? 'cuda' : 'cpu') : options.device;
  if (device !== 'cpu') {
    if (info.cudaCount === 0) {
      const reason = info.cudaReason === '' ? 'no usable GPU was found' : info.cudaReason;
      throw new ResnetFtError('DEVICE_UNAVAILABLE', `The device ${device} can't be used: ${reason}`, {
        hint: 'Use --device cpu, or fix this first',
      });
    }
    const index = device === 'cuda' ? 0 : Number(device.slice('cuda:'.length));
    if (index >= info.cudaCount) {
      throw new ResnetFtError(
        'DEVICE_UNAVAILABLE',
        `The device ${device} does not exist: the last of this machine is cuda:${info.cudaCount - 1}`,
      );
    }
  }
  const fast = device === 'cpu' ? training && info.cpuBf16 : true;
  const wanted = fast && backend.capabilities.precisions.includes('bf16') ? 'bf16' : 'fp32';
  const precision = options.precision === 'auto' ? wanted : options.precision;
  if (!backend.capabilities.precisions.includes(precision)) {
    throw new ResnetFtError('DEVICE_UNAVAILABLE', `The backend ${backend.label} can't compute in ${precision}`, {
      hint: `Use --precision ${backend.capabilities.precisions.join(' or ')}, or --backend native`,
    });
  }
  const why =
    auto && device === 'cpu' && info.cudaReason !== '' ? ` (auto: ${info.cudaReason})` : auto ? ' (auto)' : '';
  const where = backend.label === 'native' ? '' : `backend ${backend.label}, `;
  // What a person takes for float32 is not quite that.
  const tf32 = device !== 'cpu' && precision === 'fp32' ? ' (TF32; fp32-strict is without)' : '';
  return { device, precision, note: `${where}device ${device}${why}, precision ${precision}${tf32}` };
}
