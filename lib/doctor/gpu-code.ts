import type { CudaDevice } from '../machine/device';
import { fine, unwell, type DoctorCheck } from './report';
import type { ProbeResult } from './run-probe';

/** Faster ways of a GPU: the stage of the probe that tries one, what it is, and what is done without it. */
const WAYS = [
  ['convolutions', "cuDNN's fused convolutions", 'they are computed one operation after the other'],
  ['kernels', 'our kernels for batches and batch norm', "LibTorch's operators take their place"],
] as const;

/** Whether what makes the first GPU that works faster is used on it, or why not; nothing where there is no such GPU. */
export function checkGpuCode(native: ProbeResult): DoctorCheck[] {
  const device = [...native.keys()].find(
    (stage) => stage.startsWith('cuda:') && (native.get(stage)?.value as CudaDevice | undefined)?.reason === '',
  );
  if (device === undefined) return [];
  return WAYS.map(([stage, what, instead]) => {
    const name = `cuda ${stage}`;
    const { value, error } = native.get(stage) ?? { error: { code: '', message: 'it was not tried' } };
    if (error !== undefined) {
      const found = `not known whether ${what} are used on ${device}: ${error.message}`;
      return unwell('warning', name, found, 'Give the checks more time with --timeout', { device, used: null });
    }
    const { available, reason } = value as { available: boolean; reason: string };
    const data = { device, used: available };
    if (available) return fine(name, `${what} are used on ${device}`, data);
    const fix = 'Nothing is wrong with the figures, but it is slower: set LIBTORCH to another CUDA build, if you can';
    return unwell('warning', name, `${what} are not used on ${device}, and ${instead}: ${reason}`, fix, data);
  });
}
