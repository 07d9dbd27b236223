import { fine, unwell, type DoctorCheck } from './report';
import type { ProbeResult } from './run-probe';

/** sharp, which decodes the images. */
export function checkSharp(probe: ProbeResult): DoctorCheck {
  const stage = probe.get('sharp');
  if (stage?.value !== undefined) {
    const { version, vips, formats } = stage.value as { version: string; vips: string; formats: string[] };
    return fine('sharp', `${version} with libvips ${vips} reads ${formats.join(', ')}`, { version, vips, formats });
  }
  const message = stage?.error?.message ?? 'it was not tried';
  const first = message.split('\n').find((line) => line.trim() !== '') ?? message;
  const fix = 'Run: npm install --include=optional sharp';
  return unwell('problem', 'sharp', `images can't be read: ${first.trim()}`, fix);
}

/** TensorFlow.js, which nobody needs where the native backend works. */
export function checkJs(probe: ProbeResult, native: ProbeResult): DoctorCheck {
  const needed = native.get('addon')?.value === undefined;
  const stage = probe.get('js');
  if (stage?.value !== undefined) {
    const { label, version } = stage.value as { label: string; version: string };
    const found = `${label}, TensorFlow.js ${version}`;
    const wasm = probe.get('wasm');
    if (wasm?.error === undefined) return fine('js backend', found, { version, wasm: true });
    const slow = `${found}; WebAssembly does not start: ${wasm.error.message}`;
    const fix = wasm.error.hint ?? 'Run: npm install @tensorflow/tfjs-backend-wasm@4';
    return unwell('warning', 'js backend', slow, fix, { version, wasm: false });
  }
  const { message, hint } = stage?.error ?? { message: 'it was not tried', hint: undefined };
  // Only the error of a missing package has a hint: the command that installs it.
  const missing = hint !== undefined;
  if (missing && !needed) return fine('js backend', 'not installed, and not needed where native works');
  return unwell('warning', 'js backend', message, hint ?? 'Run: npm install @tensorflow/tfjs-core@4');
}
