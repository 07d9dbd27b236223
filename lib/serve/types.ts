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

/** What a caller of {@link serveModel} may pass beside the options. */
export interface ServeControl {
  /** Stops the loading of the model, and later the server, as `close` does. */
  signal?: AbortSignal | undefined;
  /** Told of each request, and of what goes wrong; what it throws or rejects with is passed over. */
  onEvent?: ((event: ServeEvent) => unknown) | undefined;
}

/** A server that listens. */
export interface ModelServer {
  /** Address of the page, such as `http://127.0.0.1:8080/`. */
  readonly url: string;
  /** That was asked for, or the free one that was found. */
  readonly port: number;
  /** Whether others than this machine may reach it. */
  readonly open: boolean;
  /** Names of the classes, in the order of the network's outputs. */
  readonly classes: readonly string[];
  /** Of the network, such as `resnet50`. */
  readonly arch: string;
  /** `cpu`, `cuda` or `cuda:N`. */
  readonly device: string;
  /** Of the arithmetic, such as `fp32`. */
  readonly precision: string;
  /** Settles when the server is closed. */
  readonly closed: Promise<void>;
  /** Takes no more requests, finishes those under way for up to five seconds, and frees the model. */
  close(): Promise<void>;
  /** As {@link ModelServer.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
