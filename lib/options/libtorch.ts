import { MODEL_OPTIONS } from './common';
import type { OptionTable } from './spec';

const LIBTORCH = 'LibTorch';

/** Options of `libtorch install`. */
export const LIBTORCH_OPTIONS = {
  from: {
    type: 'string',
    expected: 'a path or an http or https URL',
    group: LIBTORCH,
    help: 'a LibTorch zip or a torch wheel (path or URL), or a folder of either unpacked, instead of pip',
  },
  sha256: {
    type: 'string',
    pattern: /^[0-9a-f]{64}$/i,
    expected: 'a SHA-256 of 64 hex digits',
    group: LIBTORCH,
    help: 'SHA-256 of the archive of --from or --cuda; required for a URL whose archive is not a known one',
  },
  cuda: {
    type: 'boolean',
    default: false,
    group: LIBTORCH,
    help: "download PyTorch's archive with CUDA (several GB)",
  },
  offline: { ...MODEL_OPTIONS.offline, group: LIBTORCH },
} as const satisfies OptionTable;
