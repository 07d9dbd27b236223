import { resolveOptions, type GivenOptions, type OptionTable, type ResolvedOptions } from './spec';

/** Every option of `doctor`. */
export const DOCTOR_OPTIONS = {
  verify: {
    type: 'boolean',
    default: false,
    group: 'Checks',
    help: 'also compare the SHA-256 of the weights that are there',
  },
  timeout: {
    type: 'number',
    above: 0,
    max: 600,
    default: 10,
    group: 'Checks',
    help: 'seconds after which a check that does not answer counts as hanging',
  },
} as const satisfies OptionTable;

/** Options of the doctor. */
export type DoctorOptions = GivenOptions<typeof DOCTOR_OPTIONS>;

/** The options after defaults. */
export type ResolvedDoctorOptions = ResolvedOptions<typeof DOCTOR_OPTIONS>;

/** @throws ResnetFtError INVALID_OPTION */
export function resolveDoctorOptions(input: unknown): ResolvedDoctorOptions {
  return resolveOptions(DOCTOR_OPTIONS, input, 'doctor');
}
