import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { DeviceInfo } from '../machine/device';

/** Milliseconds within which the driver of a GPU answers. */
const LIMIT = 60_000;

/** The GPUs of this machine, or why there are none. They are counted in another process, so that this one does not open CUDA. */
export async function countGpus(): Promise<Pick<DeviceInfo, 'cudaCount' | 'cudaReason'>> {
  const file = path.join(__dirname, 'gpus-worker.js');
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], timeout: LIMIT });
  try {
    return JSON.parse(await text(child.stdio[3] as Readable)) as DeviceInfo;
  } catch {
    return { cudaCount: 0, cudaReason: 'the native backend could not be asked; resnet-ft doctor tells why' };
  }
}
