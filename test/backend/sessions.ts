import { createHash } from 'node:crypto';
import type { Backend, TrainingSession } from '../../lib/backend/types';
import type { NamedTensor } from '../../lib/weights/state-dict';
import { sessionWith, type SessionChanges } from '../made-weights';
import { OPTIONS } from './images';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Runs `work` with a session that is closed afterwards. */
export async function withSession<T>(
  backend: Backend,
  changes: SessionChanges,
  work: (session: TrainingSession) => Promise<T>,
): Promise<T> {
  const session = await backend.createSession(sessionWith(changes, OPTIONS));
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** The initial weights of a small model. */
export function weightsOf(backend: Backend, changes: SessionChanges = {}): Promise<NamedTensor[]> {
  return withSession(backend, changes, (session) => session.stateDict());
}
