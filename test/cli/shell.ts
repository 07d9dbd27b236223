import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { ROOT, type Outcome } from './run';

/** `$RESNET_FT` in the scripts of {@link shell}. */
const COMMAND = `'${process.execPath}' '${path.join(ROOT, 'bin', 'resnet-ft.js')}'`;

/** Runs a script of bash, in which `resnet-ft` is the built command line. */
export function shell(script: string, cwd = ROOT): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', `resnet-ft() { ${COMMAND} "$@"; }\n${script}`], { cwd });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** `test` where a file system can be mounted; skipped with the reason in the name elsewhere. */
export function testWithMounts(name: string, work: () => Promise<void>): void {
  try {
    // A mount of its own namespace, which goes with the process.
    execFileSync('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' });
    test(name, work);
  } catch {
    test.skip(`${name} (needs the right to mount a file system)`, work);
  }
}
