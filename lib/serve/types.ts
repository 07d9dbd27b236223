import type { FallbackEvent } from '../backend/registry';
import type { DownloadEvent } from '../download/types';

/** What a server reports. */
export type ServeEvent =
  | { kind: 'download'; event: DownloadEvent }
  | FallbackEvent
  /** A request that was answered. `status` is 499 where the client went away before. */
  | { kind: 'request'; method: string; route: string; status: number; milliseconds: number; images: number }
  /** Something that is not for clients to know went wrong with a request, which was answered with an error. */
  | { kind: 'failure'; message: string };

export interface ServeControl {
  /** Stops the loading of the model, and later the server, as `close` does. */
  signal?: AbortSignal | undefined;
  onEvent?: ((event: ServeEvent) => void) | undefined;
}

/** A server that listens. */
export interface ModelServer {
  /** Address of the page, such as `http://127.0.0.1:8080/`. */
  readonly url: string;
  readonly port: number;
  /** Whether others than this machine may reach it. */
  readonly open: boolean;
  /** Names of the classes, in the order of the network's outputs. */
  readonly classes: readonly string[];
  readonly arch: string;
  readonly device: string;
  readonly precision: string;
  /** Settles when the server is closed. */
  readonly closed: Promise<void>;
  /** Takes no more requests, finishes those under way for up to five seconds, and frees the model. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
