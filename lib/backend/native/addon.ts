import type { BackendOperations } from '../types';

// The native addon (native/addon/*.cpp) is a backend; its shape is written down in lib/backend/types.ts, and only what it has beyond
// is here. The addon only asserts what its caller has validated.

export interface NativeAddon extends BackendOperations {
  /** LibTorch version that the addon was compiled against. */
  torchVersion: string;
  /**
   * Stops every pass of the process, also those of worker threads, and waits a moment for their threads. For the end of the process,
   * which ends with `status`; passes that are begun afterwards fail.
   */
  endPasses(status: number): void;
}
