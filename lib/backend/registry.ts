import { oneLine, ResnetFtError, withHint } from '../errors';
import { hasAddon } from '../libtorch/loader';
import type { BACKENDS } from '../options';
import { openNativeBackend } from './native/backend';
import type { Backend, BackendName } from './types';

/** What a caller can ask for: `auto` is native, and js where the machine has nothing for native. */
export type BackendChoice = (typeof BACKENDS)[number];

const LOADERS: Readonly<Record<BackendName, (cuda: boolean) => Promise<Backend>>> = {
  native: openNativeBackend,
  // Loaded only here: a native run needs nothing of it.
  js: async () => (await import('./js/backend.js')).openJsBackend(),
};

const opened = new Map<string, Promise<Backend>>();

/**
 * Loads a backend once per process, and native's CUDA libraries when a device other than the CPU is first asked for; if that failed,
 * later calls fail with the same error without trying again.
 */
function open(name: BackendName, device: string): Promise<Backend> {
  const cuda = name === 'native' && device !== 'cpu';
  const key = cuda ? `${name} with CUDA` : name;
  let backend = opened.get(key);
  if (backend === undefined) {
    backend = LOADERS[name](cuda);
    opened.set(key, backend);
  }
  return backend;
}

/** A backend, or why it can't be had. */
export type BackendState = { name: BackendName } & (
  { backend: Backend; error?: undefined } | { backend?: undefined; error: Error }
);

/**
 * Tries to load a backend.
 *
 * @param device what `--device` says
 */
export async function tryBackend(name: BackendName, device: string): Promise<BackendState> {
  try {
    return { name, backend: await open(name, device) };
  } catch (error) {
    return { name, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** `auto` has fallen back from native to js; `note` is one line for a person that says why, and what to do about it. */
export interface FallbackEvent {
  /** Which event it is. */
  kind: 'fallback';
  /** Why, and what to do about it, in one line for a person. */
  note: string;
}

/**
 * Whether the machine has nothing to run the native backend with: no LibTorch, or no addon for its platform. What is there, or was named
 * by LIBTORCH, and fails is another matter: training would take a hundred times longer without it.
 *
 * @param error why native can't be loaded
 */
export function hasNothingNative({ code }: { code?: string | undefined }): boolean {
  if (process.env['LIBTORCH']) return false;
  return code === 'LIBTORCH_NOT_FOUND' || (code === 'ADDON_NOT_LOADED' && !hasAddon());
}

/** The error of native with what else there is to do about it. */
function withWayOn(error: ResnetFtError, wayOn: string): ResnetFtError {
  const hint = error.hint === undefined ? wayOn : `${error.hint.replace(/\.$/, '')}. ${wayOn}`;
  return withHint(error, hint);
}

/**
 * Loads the backend that the caller chose. `auto` falls back from native to js on a machine that has nothing for native.
 *
 * @param onFallback called if it does
 * @param device what `--device` says: LibTorch's CUDA libraries are opened only where it may be a GPU
 * @throws ResnetFtError why native can't be loaded (ADDON_NOT_LOADED, LIBTORCH_NOT_FOUND, LIBTORCH_INVALID), or js
 *   (BACKEND_UNAVAILABLE); with `auto`, why native can't, with what to do without it in the hint
 */
export async function openBackend(
  choice: BackendChoice,
  onFallback: (event: FallbackEvent) => void,
  device = 'auto',
): Promise<Backend> {
  if (choice !== 'auto') return open(choice, device);
  const native = await tryBackend('native', device);
  if (native.backend !== undefined) return native.backend;
  if (!hasNothingNative(native.error as NodeJS.ErrnoException)) {
    const { error } = native;
    throw error instanceof ResnetFtError ? withWayOn(error, 'Or, much more slowly, use --backend js') : error;
  }
  const js = await tryBackend('js', device);
  if (js.backend === undefined) {
    const { error } = native;
    if (!(error instanceof ResnetFtError)) throw error;
    throw withWayOn(error, `The js backend can't be loaded either: ${js.error.message}`);
  }
  const { message, hint } = native.error as Error & { hint?: string };
  const why = oneLine(hint === undefined ? message : `${message}. ${hint}`);
  onFallback({
    kind: 'fallback',
    note: `the native backend can't be loaded, so the slower one in JavaScript is used: ${why}`,
  });
  return js.backend;
}

/** Begins what {@link openBackend} does, to be ready earlier. If that fails, openBackend will say so. */
export function warmUpBackend(choice: BackendChoice, device: string): void {
  void open(choice === 'auto' ? 'native' : choice, device).catch(() => {});
}
