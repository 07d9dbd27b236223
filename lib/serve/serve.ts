import { throwIfAborted } from '../errors';
import { listen, urlOf } from '../http/listen';
import { allowedHost, isLoopback, withoutBrackets } from '../http/names';
import { packageVersion } from '../machine/version';
import { Classifier } from '../model/classifier';
import { openModel, type OpenedModel } from '../model/open';
import {
  checkControl,
  controlled,
  resolveServeOptions,
  type ResolvedServeOptions,
  type ServeOptions,
} from '../options';
import { createApp } from './app';
import { ByteBudget } from './budget';
import { Corrections } from './corrections';
import { createServer, type NodeServer } from './node-server';
import { Metrics } from './metrics';
import { servedPage } from './page';
import { Predictor } from './predictor';
import { busy } from './refusal';
import type { ModelServer, ServeControl, ServeEvent } from './types';

const STOPPED = 'The server was stopped';

/** Milliseconds that requests under way get to be finished when the server closes. */
const GRACE = 5000;
/** Bytes of bodies in memory: so many of the largest, at least. */
const BODIES = 4;
const LEAST_BODY_BYTES = 256e6;

/**
 * Serves a model by HTTP: a page where images are tried and corrected, and an interface for programs (docs/serve.md).
 *
 * @throws ResnetFtError INVALID_OPTION; ADDRESS_UNAVAILABLE; OUTPUT_NOT_WRITABLE where the folder of corrections can't be made; what opening the
 *   model throws; ABORTED
 */
export async function serveModel(input: ServeOptions, control: ServeControl = {}): Promise<ModelServer> {
  const options = resolveServeOptions(input);
  checkControl(control);
  const { signal, onEvent } = control;
  throwIfAborted(signal, STOPPED);
  const emit = (event: ServeEvent): void => {
    // A request is not to end the server, and what a listener throws has nobody else to be told to.
    new Promise<unknown>((resolve) => resolve(onEvent?.(event))).catch(() => {});
  };
  const { opened, classifier } = await controlled(signal === undefined ? {} : { signal }, (heard) =>
    open(options, heard.signal, emit),
  );
  let server: ModelServer;
  try {
    throwIfAborted(signal, STOPPED);
    server = await start(options, opened, classifier, emit);
  } catch (error) {
    await classifier.close();
    throw error;
  }
  const onAbort = (): void => void server.close();
  signal?.addEventListener('abort', onAbort, { once: true });
  void server.closed.finally(() => signal?.removeEventListener('abort', onAbort));
  if (signal?.aborted === true) await server.close();
  throwIfAborted(signal, STOPPED);
  return server;
}

type Opened = Omit<OpenedModel, 'tensors'>;

async function open(
  options: ResolvedServeOptions,
  signal: AbortSignal | undefined,
  emit: (event: ServeEvent) => void,
): Promise<{ opened: Opened; classifier: Classifier }> {
  const { warmUpBackend } = await import('../backend/registry.js');
  warmUpBackend(options.backend, options.device);
  const { arch, classes, offline } = options;
  const opened = await openModel(options.model, {
    arch,
    classes,
    offline,
    signal,
    onProgress: (event) => emit({ kind: 'download', event }),
  });
  throwIfAborted(signal, STOPPED);
  const classifier = await Classifier.create(opened, options, emit);
  return { opened, classifier };
}

async function start(
  options: ResolvedServeOptions,
  { arch, classes, preprocessing, unknown }: Opened,
  classifier: Classifier,
  emit: (event: ServeEvent) => void,
): Promise<ModelServer> {
  const { maxBody, topK } = options;
  const host = withoutBrackets(options.host);
  const { device, precision } = classifier.choice;
  const timeout = options.timeout * 1000;
  const explain = classifier.hasGradCam;
  const corrections =
    options.corrections === undefined ? undefined : await Corrections.open(options.corrections, classes);
  const metrics = new Metrics({ version: packageVersion(), arch, device, precision });
  const predictor = new Predictor(classifier, options, metrics);
  const underWay = new Set<AbortController>();
  let closing = false;
  let allowed: (name: string) => boolean = () => false;
  const about = { arch, classes: classes.length, device, precision };
  const app = createApp({
    predictor,
    corrections,
    metrics,
    limits: { maxBody, timeout, budget: new ByteBudget(Math.max(BODIES * maxBody, LEAST_BODY_BYTES)) },
    page: servedPage({ ...about, explain, corrections: corrections !== undefined }),
    model: {
      ...{ arch, device, precision, classes, preprocessing },
      ...{ unknown: unknown !== undefined, explain, corrections: corrections !== undefined },
      ...(corrections === undefined ? {} : { unfitClasses: corrections.unfit }),
    },
    topK,
    classes: classes.length,
    explain,
    allowed: (name) => allowed(name),
    closing: () => closing,
    underWay,
    emit,
  });
  const http = createServer(app.fetch, {
    timeout,
    onRefused: (status) => metrics.request('other', status, 0),
  });
  let address;
  try {
    address = await listen(http.server, host, options.port);
  } catch (error) {
    predictor.close();
    throw error;
  }
  allowed = allowedHost(host, address.address, options.hostNames);
  let finish = (): void => {};
  const closed = new Promise<void>((resolve) => (finish = resolve));
  const close = (): Promise<void> => {
    if (!closing) {
      closing = true;
      void closeServer(http, () => underWay.forEach((one) => one.abort(busy('CLOSING', 'The server is closing'))))
        .then(() => classifier.close())
        .then(() => predictor.close())
        .finally(finish);
    }
    return closed;
  };
  return {
    url: urlOf(host, address),
    port: address.port,
    open: !isLoopback(address.address),
    classes: Object.freeze([...classes]),
    arch,
    device,
    precision,
    closed,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Closes a server once the requests under way are finished, or stops them after a while. */
async function closeServer({ server, connections }: NodeServer, stop: () => void): Promise<void> {
  const over = new Promise<void>((resolve) => server.close(() => resolve()));
  // Connections whose client says nothing more would keep the server open.
  connections.closeIdle();
  const sweeping = setInterval(() => connections.closeIdle(), 100);
  const timer = setTimeout(() => {
    stop();
    setTimeout(() => connections.closeAll(), 200);
  }, GRACE);
  await over;
  clearInterval(sweeping);
  clearTimeout(timer);
}
