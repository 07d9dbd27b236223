import fs from 'node:fs';

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Whoever inherits an orphan may leave it unburied.
  if (process.platform !== 'linux') return true;
  try {
    return !/^State:\tZ/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Those of some processes that live; one whose streams are closed, or that was killed, may take a moment to be gone. */
export async function left(pids: number[]): Promise<number[]> {
  for (let look = 0; look < 500 && pids.some(lives); look++) await new Promise((resolve) => setTimeout(resolve, 20));
  return pids.filter(lives);
}
