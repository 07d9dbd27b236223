import fs from 'node:fs';
import type { NativeAddon } from '../backend/native/addon';
import type { CudaDevice } from '../machine/device';
import type { ProbeKind, ProbeRecord } from './run-probe';

// Run as a process of its own (see run-probe.ts): what is tried here may crash or hang. Each stage is announced before it is tried,
// so that the parent knows what it was that did.

/** Where the records go: libraries may print on standard output. */
const RECORDS = 3;

function tell(record: ProbeRecord): void {
  fs.writeSync(RECORDS, `${JSON.stringify(record)}\n`);
}

async function stage<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  tell({ stage: name, state: 'begun' });
  try {
    const value = await work();
    tell({ stage: name, state: 'done', value });
    return value;
  } catch (error) {
    const { code, message, hint } = error as { code?: string; message?: string; hint?: string };
    const text = message ?? String(error);
    tell({ stage: name, state: 'failed', code: String(code ?? ''), message: text, ...(hint ? { hint } : {}) });
    process.exit(0);
  }
}

/** Tells of each native module before it is opened: the only way to know the file where opening it is what crashes. */
function tellOpened(): void {
  const open = process.dlopen.bind(process);
  process.dlopen = (module: object, file: string, ...rest: number[]): void => {
    tell({ stage: 'open', state: 'done', value: file });
    open(module, file, ...(rest as []));
  };
}

const PROBES: Readonly<Record<ProbeKind, () => Promise<void>>> = {
  async native() {
    tellOpened();
    // Opened first, for it says which LibTorch fits.
    await stage('loader', async () => void (await import('../libtorch/loader.js')).compiledAgainst());
    const libtorch = await stage('libtorch', async () => (await import('../libtorch/find.js')).findLibtorch());
    const { loadAddon } = await import('../backend/native/load.js');
    let addon: NativeAddon | undefined;
    await stage('addon', async () => {
      addon = loadAddon();
      // Something is computed too, for an instruction that this CPU lacks ends the process only when it is reached.
      const image = { width: 2, height: 2, data: new Uint8Array(12) };
      await addon.resizeCrop(image, { resize: 4, crop: 4 });
      return { torchVersion: addon.torchVersion };
    });
    const info = await stage('device', () => addon?.deviceInfo());
    await stage('processes', async () => {
      const c10d = (await import('../libtorch/c10d.js')).findC10d(libtorch.version);
      if ('reason' in c10d) return c10d;
      const { findLoader, openLoader } = await import('../libtorch/loader.js');
      return { ...c10d, failure: await openLoader(findLoader()).open([c10d.file]) };
    });
    const gpus: CudaDevice[] = [];
    // Each takes a moment, and may be the one that hangs.
    for (let i = 0; i < (info?.cudaCount ?? 0); i++) {
      await stage(`cuda:${i}`, () => (gpus[i] = (addon as NativeAddon).cudaDevice(i)));
    }
    const first = gpus.findIndex(({ reason }) => reason === '');
    if (first < 0) return;
    // Last, for the kernels are compiled, which takes seconds.
    const precision = gpus[first]?.bf16 === true ? 'bf16' : 'fp32';
    await stage('convolutions', () => addon?.cudnnConvolutions(`cuda:${first}`, precision));
    await stage('kernels', () => addon?.cudaKernels(`cuda:${first}`));
  },
  async sharp() {
    await stage('sharp', async () => {
      const { default: sharp } = await import('sharp');
      const made = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
        .jpeg()
        .toBuffer();
      await sharp(made).raw().toBuffer();
      // Drawings are refused by the decoder, and raw is no file.
      const formats = Object.entries(sharp.format as object as Record<string, { input: { buffer: boolean } }>).filter(
        ([name, format]) => format.input.buffer && !['svg', 'pdf', 'raw'].includes(name),
      );
      return {
        version: sharp.versions.sharp ?? '',
        vips: sharp.versions.vips,
        formats: formats.map(([name]) => name).sort(),
      };
    });
  },
  async js() {
    await stage('js', async () => {
      const { openJsBackend } = await import('../backend/js/backend.js');
      const { label, versions } = await openJsBackend();
      return { label, version: versions['tfjs'] ?? '' };
    });
    // TensorFlow.js falls back to plain JavaScript in silence: this asks for WebAssembly and nothing else.
    await stage('wasm', async () => {
      const { loadEngine } = await import('../backend/js/tfjs.js');
      await loadEngine('wasm');
    });
  },
};

const probe = PROBES[process.argv[2] as ProbeKind];
void probe().then(() => process.exit(0));
