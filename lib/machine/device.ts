import { ResnetFtError } from '../errors';
import type { MACHINE_OPTIONS, Precision, ResolvedOptions } from '../options';

/** What a backend finds on this machine. */
export interface DeviceInfo {
  /** Whether the backend was built with CUDA. */
  cudaBuilt: boolean;
  /** Number of CUDA devices. */
  cudaCount: number;
  /** Why there are none; empty where there are. */
  cudaReason: string;
  /**
   * Whether the CPU multiplies bfloat16 itself and LibTorch trains with that (AVX512-BF16 or AMX); elsewhere, and on every Arm CPU, whose
   * backward pass LibTorch has no bfloat16 for, it is many times slower than float32.
   */
  cpuBf16: boolean;
}

/** What a GPU is and whether it works. */
export interface CudaDevice {
  /** As its driver calls it; empty where that is not known. */
  name: string;
  /** Bytes, all that it has. */
  memory: number;
  /** Whether it convolves bfloat16, as NVIDIA's GPUs since Ampere do. */
  bf16: boolean;
  /** Why nothing can be computed on it; empty where something was. */
  reason: string;
}

/** What of a backend decides where a model runs. */
export interface Computer {
  /** What a person would call the backend. */
  readonly label: string;
  readonly capabilities: { readonly precisions: readonly Precision[] };
  deviceInfo(): DeviceInfo;
  /** The GPU of this number, tried. */
  cudaDevice(index: number): CudaDevice;
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

/** A device that can be used, or why there is none. */
type Tried = { device: string; gpu: CudaDevice } | { reason: string };

/** Tries a GPU by computing on it. */
function tryGpu(backend: Computer, index: number): Tried {
  const { cudaCount, cudaReason } = backend.deviceInfo();
  if (cudaCount === 0) return { reason: cudaReason === '' ? 'no usable GPU was found' : cudaReason };
  if (index >= cudaCount) return { reason: `the last of this machine is cuda:${cudaCount - 1}` };
  const gpu = backend.cudaDevice(index);
  if (gpu.reason !== '') return { reason: gpu.name === '' ? gpu.reason : `${gpu.name}: ${gpu.reason}` };
  return { device: index === 0 ? 'cuda' : `cuda:${index}`, gpu };
}

/** Why a GPU can't be used; empty where it can. */
export function whyUnusable(backend: Computer, index: number): string {
  const tried = tryGpu(backend, index);
  return 'reason' in tried ? tried.reason : '';
}

/** The first GPU that works; where there is none, why not even the first does. */
function firstGpu(backend: Computer): Tried {
  const first = tryGpu(backend, 0);
  for (let index = 1; 'reason' in first && index < backend.deviceInfo().cudaCount; index++) {
    const other = tryGpu(backend, index);
    if ('gpu' in other) return other;
  }
  return first;
}

/**
 * Turns `--device` and `--precision` into what the backend takes. `auto` is the first GPU on which something can be computed, and bfloat16
 * on it where it has it; on a CPU, bfloat16 for training where that multiplies it itself. A CPU predicts in float32, so that its figures are
 * those of PyTorch. A GPU is set up only where it may be used.
 *
 * @throws ResnetFtError DEVICE_UNAVAILABLE where CUDA or a precision was asked for and can't be used.
 */
export function chooseDevice(
  options: Pick<MachineOptions, 'device' | 'precision'>,
  backend: Computer,
  training = false,
): DeviceChoice {
  const { device: wanted } = options;
  const auto = wanted === 'auto';
  let tried: Tried = { reason: '' };
  if (auto) tried = firstGpu(backend);
  else if (wanted !== 'cpu') {
    tried = tryGpu(backend, wanted === 'cuda' ? 0 : Number(wanted.slice('cuda:'.length)));
    if ('reason' in tried) {
      throw new ResnetFtError('DEVICE_UNAVAILABLE', `The device ${wanted} can't be used: ${tried.reason}`, {
        hint: 'Use --device cpu, or fix this first',
      });
    }
  }
  const gpu = 'gpu' in tried ? tried.gpu : undefined;
  const device = 'reason' in tried ? 'cpu' : auto ? tried.device : wanted;
  const fast = gpu === undefined ? training && backend.deviceInfo().cpuBf16 : gpu.bf16;
  const best = fast && backend.capabilities.precisions.includes('bf16') ? 'bf16' : 'fp32';
  const precision = options.precision === 'auto' ? best : options.precision;
  if (!backend.capabilities.precisions.includes(precision)) {
    throw new ResnetFtError('DEVICE_UNAVAILABLE', `The backend ${backend.label} can't compute in ${precision}`, {
      hint: `Use --precision ${backend.capabilities.precisions.join(' or ')}, or --backend native`,
    });
  }
  const why = !auto ? '' : 'reason' in tried && tried.reason !== '' ? ` (auto: ${tried.reason})` : ' (auto)';
  const where = backend.label === 'native' ? '' : `backend ${backend.label}, `;
  // What a person takes for float32 is not quite that.
  const tf32 = device !== 'cpu' && precision === 'fp32' ? ' (TF32; fp32-strict is without)' : '';
  return { device, precision, note: `${where}device ${device}${why}, precision ${precision}${tf32}` };
}
