import path from 'node:path';
import { BUILD_C10D } from '../libtorch/c10d';
import { fine, unwell, type DoctorCheck } from './report';
import type { ProbeResult } from './run-probe';

/** Whether several processes can train one model together, which needs a library for the version of LibTorch that is used. */
export function checkProcesses(native: ProbeResult): DoctorCheck {
  const { value, error } = native.get('processes') ?? {};
  if (error !== undefined) {
    return unwell('warning', 'processes', `opening what several need: ${error.message}`, BUILD_C10D, { file: null });
  }
  if (value === undefined) return fine('processes', 'not known: the native addon is not loaded', { file: null });
  const found = value as { file: string; failure: string } | { reason: string };
  if ('reason' in found) {
    return unwell('warning', 'processes', `one at a time: ${found.reason}`, BUILD_C10D, { file: null });
  }
  const { file, failure } = found;
  if (failure !== '') {
    return unwell('warning', 'processes', `one at a time: ${file} can't be opened: ${failure}`, BUILD_C10D, { file });
  }
  return fine('processes', `several can train together (${path.basename(file)})`, { file });
}
