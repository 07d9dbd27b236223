import { resolveOptions, type GivenOptions, type OptionTable, type ResolvedOptions } from './spec';

/** Every option of `doctor`. */
export const DOCTOR_OPTIONS = {
  verify: {
    type: 'boolean',
    default: false,
    group: 'Checks',
    help: 'also check the SHA-256 of the downloaded weights',
  },
  timeout: {
    type: 'number',
    above: 0,
    max: 600,
    default: 10,
    group: 'Checks',
    help: 'seconds after which a check without an answer is given up',
  },
} as const satisfies OptionTable;

/**
 * Options of the doctor.
 *
 * @interface
 */
export type DoctorOptions = GivenOptions<typeof DOCTOR_OPTIONS>;

/** The options after defaults. */
export type ResolvedDoctorOptions = ResolvedOptions<typeof DOCTOR_OPTIONS>;

/** @throws ResnetFtError INVALID_OPTION */
export function resolveDoctorOptions(input: unknown): ResolvedDoctorOptions {
  return resolveOptions(DOCTOR_OPTIONS, input, 'doctor');
}
