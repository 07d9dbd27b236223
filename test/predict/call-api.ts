import { spawn } from 'node:child_process';
import type * as Package from '../../lib';
import { ROOT } from '../cli/run';

type Api = typeof Package;

/** What a call to the API may use: it runs in a process of its own, so it can't see the test around it. */
export interface Scope {
  api: Api;
  /** The built package, for worker threads to require. */
  root: string;
  gc: () => void;
  /** `code` of the error that a promise rejects with; `none` where it does not. */
  codeOf: (promise: Promise<unknown>) => Promise<string>;
}

/** Runs `body` against the built package as a program of a user would, and gives back what it returns, as JSON; fails where it writes to standard error. */
export function callApi<A, R>(
  body: (scope: Scope, args: A) => Promise<R>,
  args: A,
  env: NodeJS.ProcessEnv = {},
): Promise<R> {
  const program = `
    const root = ${JSON.stringify(ROOT)};
    const codeOf = (promise) => promise.then(() => 'none', (error) => error.code ?? String(error));
    const scope = { api: require(root), root, gc: globalThis.gc, codeOf };
    (${body.toString()})(scope, ${JSON.stringify(args)}).then((result) => process.stdout.write(JSON.stringify(result)));`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--expose-gc', '-e', program], {
      cwd: ROOT,
      env: { ...process.env, ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject).on('close', (code) => {
      if (code === 0 && stderr === '') resolve(JSON.parse(stdout) as R);
      else reject(new Error(`ended with ${code}: ${stderr}`));
    });
  });
}
