import type { DeviceInfo, SessionOptions } from '../addon/types';
import { ResnetFtError } from '../errors';
import type { MACHINE_OPTIONS, ResolvedOptions } from '../options';

/** Where the caller wants a model to run. */
export type MachineOptions = ResolvedOptions<typeof MACHINE_OPTIONS>;

/** Where and in which arithmetic a run happens, and why. */
export interface DeviceChoice {
  device: string;
  precision: SessionOptions['precision'];
  /** One line for a person where `auto` decided. */
  note: string;
}

/**
 * Turns `--device` and `--precision` into what the native session takes.
 *
 * @throws ResnetFtError DEVICE_UNAVAILABLE where CUDA was asked for and can't be used.
 */
export function chooseDevice(options: Pick<MachineOptions, 'device' | 'precision'>, info: DeviceInfo): DeviceChoice {
  const auto = options.device === 'auto';
  const device = auto ? (info.cudaCount > 0 ? 'cuda' : 'cpu') : options.device;
  if (device !== 'cpu') {
    if (info.cudaCount === 0) {
      const reason = info.cudaReason === '' ? 'no usable GPU was found' : info.cudaReason;
      throw new ResnetFtError('DEVICE_UNAVAILABLE', `The device ${device} can't be used: ${reason}`, {
        hint: 'Use --device cpu, or mend what is named',
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
  const precision = options.precision === 'auto' ? (device === 'cpu' ? 'fp32' : 'bf16') : options.precision;
  const why =
    auto && device === 'cpu' && info.cudaReason !== '' ? ` (auto: ${info.cudaReason})` : auto ? ' (auto)' : '';
  return { device, precision, note: `device ${device}${why}, precision ${precision}` };
}
