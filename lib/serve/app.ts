import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { ResnetFtError } from '../errors';
import { CLOSED_HEADERS } from '../http/headers';
import { jsonRecord } from '../predict/format';
import { checkDeclared, type BodyLimits } from './body';
import { causeOf, type Corrections } from './corrections';
import type { Metrics } from './metrics';
import { checkOrigin } from './origin';
import { pageFor, type ServedPage } from './page';
import type { Answer, Predictor } from './predictor';
import { choiceOf, flagOf, numberOf, onlyKnown } from './query';
import { busy, jsonBody, Refusal, refusalBody } from './refusal';
import type { ServeEvent } from './types';
import { readRaw, readUploads, type Upload } from './upload';

const JSON_TYPE = 'application/json; charset=utf-8';
const ROUTES = ['/', '/predict', '/corrections', '/model', '/healthz', '/metrics'];

/** What the requests are answered by. */
export interface AppParts {
  predictor: Predictor;
  corrections: Corrections | undefined;
  metrics: Metrics;
  limits: BodyLimits;
  page: ServedPage;
  /** What `/model` says. */
  model: object;
  topK: number;
  classes: number;
  /** Whether there is Grad-CAM. */
  explain: boolean;
  /** Whether a request may call the server by this name. */
  allowed: (name: string) => boolean;
  /** Whether the server is about to close. */
  closing: () => boolean;
  /** What stops the requests that are under way. */
  underWay: Set<AbortController>;
  emit: (event: ServeEvent) => void;
}

interface Env {
  Bindings: HttpBindings;
  Variables: {
    /** Aborts when nobody waits for the answer any more. */
    stop: AbortController;
    images: number;
  };
}

/** The routes of a server. */
export function createApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    watch(c, parts);
    checkOrigin(c.env.incoming.headers, c.req.method, parts.allowed);
    if (parts.closing()) throw busy('CLOSING', 'The server is about to close');
    await next();
  });
  app.get('/', (c) => {
    const { policy } = parts.page;
    const text = pageFor(parts.page, c.env.incoming.headers.host ?? '');
    return reply(200, 'text/html; charset=utf-8', text, { 'Content-Security-Policy': policy });
  });
  app.post('/predict', (c) => predict(c, parts));
  app.post('/corrections', (c) => correct(c, parts));
  app.get('/model', () => reply(200, JSON_TYPE, jsonBody(parts.model)));
  app.get('/healthz', () => reply(200, JSON_TYPE, jsonBody({ status: 'ok' })));
  app.get('/metrics', () => {
    const text = parts.metrics.text(parts.predictor.waiting);
    return reply(200, 'text/plain; version=0.0.4; charset=utf-8', text);
  });
  app.get('/favicon.ico', () => new Response(null, { status: 204, headers: CLOSED_HEADERS }));
  app.notFound((c) => {
    const allow = ['/predict', '/corrections'].includes(c.req.path) ? 'POST' : 'GET, HEAD';
    const known = ROUTES.includes(c.req.path);
    return refuse(
      known
        ? new Refusal(405, 'METHOD_NOT_ALLOWED', `${c.req.path} takes ${allow}`, { Allow: allow })
        : new Refusal(404, 'NOT_FOUND', `There is no such address; there are ${ROUTES.join(', ')}`),
    );
  });
  app.onError((error) => refuse(refusalOf(error, parts.emit)));
  return app;
}

/** Counts a request once it is over, and stops its work if its client goes away. */
function watch(c: Context<Env>, { metrics, emit, underWay }: AppParts): void {
  const begun = performance.now();
  const stop = new AbortController();
  c.set('stop', stop);
  c.set('images', 0);
  underWay.add(stop);
  const { outgoing } = c.env;
  outgoing.once('close', () => {
    underWay.delete(stop);
    const status = outgoing.writableFinished ? outgoing.statusCode : 499;
    stop.abort(new Refusal(400, 'BAD_REQUEST', 'The client went away'));
    const milliseconds = performance.now() - begun;
    const route = ROUTES.includes(c.req.path) ? c.req.path : 'other';
    metrics.request(route, status, milliseconds / 1000);
    emit({ kind: 'request', method: c.req.method, route, status, milliseconds, images: c.get('images') });
  });
}

function reply(status: number, type: string, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  const length = `${Buffer.byteLength(text)}`;
  return new Response(text, {
    status,
    headers: { ...CLOSED_HEADERS, 'Content-Type': type, 'Content-Length': length, ...headers },
  });
}

const refuse = (refusal: Refusal): Response => reply(refusal.status, JSON_TYPE, refusalBody(refusal), refusal.headers);

/** What a client is told of an error; what it must not know goes to whoever runs the server. */
function refusalOf(error: unknown, emit: (event: ServeEvent) => void): Refusal {
  if (error instanceof Refusal) {
    const cause = causeOf(error);
    if (cause !== undefined) emit({ kind: 'failure', message: `${error.message}: ${cause}` });
    return error;
  }
  const hint = error instanceof ResnetFtError && error.hint !== undefined ? `. ${error.hint}` : '';
  emit({ kind: 'failure', message: `${error instanceof Error ? error.message : String(error)}${hint}` });
  return new Refusal(500, 'FAILED', 'The server failed; its own messages say why');
}

async function predict(c: Context<Env>, parts: AppParts): Promise<Response> {
  const { predictor, limits } = parts;
  const { incoming } = c.env;
  const query = c.req.query();
  onlyKnown(c.req.queries(), ['top', 'explain']);
  const question = {
    topK: Math.min(numberOf(query, 'top', parts.topK), parts.classes),
    explain: flagOf(query, 'explain'),
  };
  if (question.explain && !parts.explain) {
    throw new Refusal(501, 'GRAD_CAM_UNAVAILABLE', 'The backend that runs this model has no gradients for Grad-CAM');
  }
  checkDeclared(incoming, limits.maxBody);
  predictor.requireRoom();
  const { images, several, release } = await readUploads(incoming, limits, predictor.most);
  c.set('images', images.length);
  const answers = await inTime(c, limits.timeout, (signal) =>
    predictor.answer(images, question, signal).finally(release),
  );
  if (several) return reply(200, JSON_TYPE, jsonBody({ images: answers.map((one, i) => recordOf(one, images[i])) }));
  const [only] = answers;
  if (only instanceof Refusal) throw only;
  return reply(200, JSON_TYPE, jsonBody(recordOf(only as Answer, undefined)));
}

/** A record as `predict --json` prints it. */
function recordOf(answer: Answer | Refusal, upload: Upload | undefined): object {
  const file = upload?.name === undefined ? {} : { file: upload.name };
  if (answer instanceof Refusal) return { ...file, error: { code: answer.code, message: answer.message } };
  const { pictures, ...prediction } = answer;
  const record = jsonRecord({ ...file, ...prediction });
  if (pictures === undefined) return record;
  const address = (bytes: Buffer): string => `data:image/webp;base64,${bytes.toString('base64')}`;
  const { seen, overlay, empty } = pictures;
  return { ...record, pictures: { seen: address(seen), overlay: address(overlay), empty } };
}

async function correct(c: Context<Env>, parts: AppParts): Promise<Response> {
  const { corrections, predictor, limits, metrics } = parts;
  const { incoming } = c.env;
  if (corrections === undefined) {
    throw new Refusal(404, 'CORRECTIONS_OFF', 'This server keeps no corrections: start it with --corrections DIR');
  }
  const query = c.req.query();
  onlyKnown(c.req.queries(), ['class']);
  const name = choiceOf(query, 'class');
  corrections.checkClass(name);
  checkDeclared(incoming, limits.maxBody);
  const { images, release } = await readRaw(incoming, limits);
  const [image] = images as [Upload];
  const kept = await inTime(c, limits.timeout, async (signal) => {
    try {
      corrections.extensionFor(image.bytes);
      await predictor.check(image, signal);
      return await corrections.keep(name, image.bytes);
    } finally {
      release();
    }
  });
  metrics.correction();
  return reply(201, JSON_TYPE, jsonBody({ class: name, file: kept }));
}

/** Waits for work, which is stopped where nobody waits for it any more, but not longer than so many milliseconds. */
async function inTime<T>(c: Context<Env>, timeout: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = c.get('stop');
  const { signal } = stop;
  const late = busy('ANSWER_TIMEOUT', `There was no answer within ${timeout / 1000} seconds; try again later`);
  const timer = setTimeout(() => stop.abort(late), timeout);
  const stopped = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
  const working = work(signal);
  // What is in the network can't be taken out of it: its failure comes too late for anybody.
  working.catch(() => {});
  try {
    return await Promise.race([working, stopped]);
  } finally {
    clearTimeout(timer);
  }
}
