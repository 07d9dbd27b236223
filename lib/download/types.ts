/** What happens during a download. */
export type DownloadEvent =
  /** A file that is there is not the one expected, and is being replaced. */
  | { kind: 'damaged'; file: string; reason: string }
  /** All that is known of the file's hash are its first digits: damage is found, but not a file made to have them. */
  | { kind: 'partly-checked'; file: string; digits: string }
  /** Another process is downloading the same file. */
  | { kind: 'waiting'; file: string }
  /** Bytes there so far, those of an earlier broken download among them; `total` is unknown where the server tells none. */
  | { kind: 'bytes'; url: string; received: number; total: number | undefined }
  /** An attempt failed, the next one follows after a pause. */
  | { kind: 'retry'; url: string; reason: string; seconds: number };

/** What callers of anything that may download can pass. */
export interface DownloadControl {
  /** Never downloads; environment variable RESNET_FT_OFFLINE=1 does the same. */
  offline?: boolean | undefined;
  /** Told of a download; not called where none is needed. */
  onProgress?: ((event: DownloadEvent) => unknown) | undefined;
  /** Stops the download; what has come is kept for the next one. */
  signal?: AbortSignal | undefined;
  /** What works without the download, for the hint of its failure: `Put the file at <file> by hand, or <otherwise>`. */
  otherwise?: string | undefined;
  /** @internal Timing, for tests. */
  tuning?: Partial<Tuning> | undefined;
}

/** How patient a download is. */
export interface Tuning {
  /** Attempts without progress (new bytes worth a `window` at the `slowest` rate) before the download fails, less one. */
  retries: number;
  /** First pause between attempts, in milliseconds; doubles each time. */
  backoff: number;
  /** Longest pause in milliseconds, even if the server asks for more. */
  longestPause: number;
  /** Milliseconds without a byte after which an attempt is given up. */
  stall: number;
  /** Bytes a second that must come at least, on an average over each `window`. */
  slowest: number;
  /** Milliseconds of waiting for bytes over which their rate is looked at. */
  window: number;
  /** Milliseconds for a connection to be made. */
  connect: number;
  /** Milliseconds after which the lock of a process that was killed is taken over; at least 2000. */
  staleLock: number;
  /** Bytes that are free in the file system of a folder; undefined where it does not say. */
  freeBytes: (folder: string) => Promise<number | undefined>;
}
