import { findC10d } from '../../lib/libtorch/c10d';
import { findLibtorch } from '../../lib/libtorch/find';

/**
 * Whether the build has what several processes need. Where gloo's headers could not be had it does without, and says so; `.ci/run` repeats that,
 * for the tests of several processes are then skipped.
 */
export const BUILT_FOR_SEVERAL = process.platform === 'linux' && 'file' in findC10d(findLibtorch().version);
