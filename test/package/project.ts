import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../lib/download';
import { ROOT, type Outcome } from '../cli/run';

const run = promisify(execFile);

/**
 * What the main package may have. Beside what is compiled for the platform (some 0.9 MB), it is all code and its comments; nothing else
 * may slip in, and a chart library or a feature is a step that is taken knowingly.
 */
export const MAX_PACKED_BYTES = 2.1e6;

export const LIBTORCH_PACKAGE = '@resnet-ft/libtorch-linux-x64-cpu';

/** npm's own program, beside the Node.js that runs the tests. */
function npmCli(name: 'npm' | 'npx'): string {
  const bin = fs.realpathSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim());
  return path.join(path.dirname(bin), `${name}-cli.js`);
}

/** Files that a tarball would hold, or holds. */
export interface Packed {
  filename: string;
  size: number;
  files: { path: string; size: number; mode: number }[];
}

/**
 * Packs the checkout as it is built, with prebuilt binaries of the addon that is there: other tests have it open, so that it is not
 * built again. No script runs.
 *
 * @returns what npm says of the tarball in `folder`
 */
export async function pack(folder: string): Promise<Packed> {
  const signal = new AbortController().signal;
  // Test files run at the same time, and prebuilds/ is made anew each time.
  return withLock(path.join(ROOT, 'build', 'prebuilds'), { signal, onWait: () => {}, stale: 15_000 }, async () => {
    await run(process.execPath, [path.join(ROOT, 'scripts', 'prebuild.js'), '--no-build'], { cwd: ROOT });
    // tsc alone leaves what needs node_modules.
    await run(process.execPath, [path.join(ROOT, 'scripts', 'bundle-charts.js')], { cwd: ROOT });
    const args = [npmCli('npm'), 'pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run(process.execPath, args, { cwd: ROOT, maxBuffer: 2 ** 26 });
    return (JSON.parse(stdout) as [Packed])[0];
  });
}

/** Packs LibTorch: as a tarball into `out`, or as the unpacked package `out`. Returns its path. */
export async function packLibtorch(out: string, folder: boolean): Promise<string> {
  const args = [path.join(ROOT, 'scripts', 'pack-libtorch.js'), '--out', out, ...(folder ? ['--folder'] : [])];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT });
  return stdout.trim();
}

/** An empty project with a home of its own, where nothing but Node.js is in reach. */
export class Project {
  readonly root = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-project-'));
  readonly folder = path.join(this.root, 'project');
  readonly home = path.join(this.root, 'home');
  private readonly bin = path.join(this.root, 'bin');

  /** @param tools programs of the system that stay in reach */
  constructor(tools: string[] = []) {
    for (const folder of [this.folder, this.home, this.bin]) fs.mkdirSync(folder);
    fs.writeFileSync(
      path.join(this.folder, 'package.json'),
      '{ "name": "project", "version": "1.0.0", "private": true }\n',
    );
    fs.symlinkSync(process.execPath, path.join(this.bin, 'node'));
    // npx starts what it finds through a shell.
    for (const tool of ['sh', ...tools]) {
      const file = execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
      fs.symlinkSync(file, path.join(this.bin, tool));
    }
  }

  /** Runs npm with the user's own settings: its registry and cache. */
  async npm(...args: string[]): Promise<string> {
    const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
    const { stdout } = await run(process.execPath, [npmCli('npm'), ...args, ...quiet], { cwd: this.folder });
    return stdout;
  }

  /** Runs Node.js with a bare environment, in the project where no other folder is named. */
  node(args: string[], env: Record<string, string> = {}, cwd = this.folder): Promise<Outcome> {
    const options = { cwd, env: { PATH: this.bin, HOME: this.home, ...env }, maxBuffer: 2 ** 26 };
    return new Promise((resolve) => {
      execFile(process.execPath, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, stdout, stderr });
      });
    });
  }

  /** Runs `npx resnet-ft` with a bare environment; npx may not download anything. */
  npx(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
    return this.node([npmCli('npx'), '--no', '--offline', 'resnet-ft', ...args], env);
  }

  /** Writes a file of the project. */
  write(name: string, text: string): string {
    const file = path.join(this.folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return file;
  }

  /** Every file and link in node_modules but npm's own record; folders may be left empty. */
  installedFiles(): string[] {
    const modules = path.join(this.folder, 'node_modules');
    if (!fs.existsSync(modules)) return [];
    const entries = fs.readdirSync(modules, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && entry.name !== '.package-lock.json')
      .map((entry) => path.join(entry.parentPath, entry.name));
  }

  close(): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}
