import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, run, scratch } from '../cli/run';
import { localServer } from '../download/server';
import { compileLayer } from './layer';
import { scenarios, type Scenario } from './scenarios';
import { broken, visible } from './sweep';

// Commands under limits of the system: addresses (ulimit -v), memory and threads of a control group, as a container has them. Where LibTorch,
// libvips or Node.js can't go on they end the process, which nobody can mend from outside; but no file may be half-written, and the next run works.

const tmp = scratch();
const mirror = localServer();
const library = compileLayer(tmp);
const NAMES = ['train', 'predict', 'export safetensors', 'export hub'];
let commands: Scenario[] = [];
beforeAll(async () => {
  if (library === undefined) return;
  commands = (await scenarios(tmp, library, mirror)).filter(({ name }) => NAMES.includes(name));
});

/** Of control groups, version 1 or 2: the file that holds the limit. */
const GROUPS: Record<string, readonly string[]> = {
  memory: ['/sys/fs/cgroup/memory/LIMITED/memory.limit_in_bytes', '/sys/fs/cgroup/LIMITED/memory.max'],
  threads: ['/sys/fs/cgroup/pids/LIMITED/pids.max', '/sys/fs/cgroup/LIMITED/pids.max'],
};

const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);

const LIMITS: Record<string, number[]> = {
  addresses: range(1.0e9, 3.0e9, 0.1e9),
  memory: range(60e6, 600e6, 30e6),
  threads: range(6, 40, 2),
};

/** A new control group with this limit; undefined where none can be made. */
function group(kind: string, limit: number): string | undefined {
  for (const pattern of GROUPS[kind] ?? []) {
    const file = pattern.replace('LIMITED', `resnet-ft-test-${process.pid}`);
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, String(limit));
      return path.dirname(file);
    } catch {
      fs.rmSync(path.dirname(file), { recursive: true, force: true });
    }
  }
  return undefined;
}

/** Runs the command line under a limit; undefined where the system does not let us set it. */
function under(kind: string, limit: number, args: string[]): { end: string; stderr: string } | undefined {
  const node = [process.execPath, path.join(ROOT, 'bin', 'resnet-ft.js'), ...args];
  const options = { cwd: ROOT, encoding: 'utf8', timeout: 120_000, killSignal: 'SIGUSR2' } as const;
  const folder = kind === 'addresses' ? '' : group(kind, limit);
  if (folder === undefined) return undefined;
  const script = kind === 'addresses' ? `ulimit -v ${Math.round(limit / 1024)}` : `echo $$ > "${folder}/cgroup.procs"`;
  const { status, signal, stderr } = spawnSync('sh', ['-c', `${script} && exec "$0" "$@"`, ...node], options);
  if (folder !== '') fs.rmdirSync(folder);
  return { end: signal ?? String(status), stderr };
}

/** What was not as it should be. */
async function tryOne(scenario: Scenario, kind: string, limit: number): Promise<{ end: string; problems: string[] }> {
  const folder = path.join(tmp, `${scenario.name.replaceAll(' ', '-')}-${kind}-${limit}`);
  fs.mkdirSync(folder);
  scenario.prepare(folder);
  const ran = under(kind, limit, scenario.args(folder));
  if (ran === undefined) return { end: 'not tried', problems: [] };
  const { end, stderr } = ran;
  const problems: string[] = [];
  if (end === '0' && stderr !== '') problems.push(stderr);
  // What ends a process without us: the kernel for want of memory, Node.js, LibTorch or libvips by a crash, and libgomp with its line and 1; below what
  // Node.js itself needs it may wait for a thread that never comes (SIGUSR2 is the test's).
  const crashes = ['SIGKILL', 'SIGABRT', 'SIGSEGV', 'SIGTRAP', 'SIGILL', 'SIGUSR2'];
  const said = stderr.split('\n').filter((line) => line.startsWith('resnet-ft: ')).length;
  const byOthers = crashes.includes(end) || (end === '1' && /^libgomp: /m.test(stderr));
  if (end !== '0' && !byOthers && (end !== '1' || said !== 1)) problems.push(`${end}: ${stderr}`);
  for (const file of visible(scenario.outputs.map((name) => path.join(folder, name))))
    problems.push(...(await broken(file)));
  const next = scenario.next(folder);
  if (end !== '0' && next !== undefined) {
    const again = await run(next, { env: scenario.env?.(folder) ?? {} });
    if (again.code !== 0) problems.push(`the next run: ${again.stderr}`);
  }
  fs.rmSync(folder, { recursive: true });
  return { end: byOthers && end === '1' ? 'libgomp' : end, problems: problems.map((text) => `${limit}: ${text}`) };
}

(library === undefined ? test.skip : test).each(Object.keys(LIMITS))(
  'commands that may have only so much of %s: one line or an end by others, no half file, and the next run works',
  async (kind) => {
    const problems: Record<string, string[]> = {};
    const ends: Record<string, Record<string, number[]>> = {};
    for (const scenario of commands) {
      const seen = (ends[scenario.name] = {} as Record<string, number[]>);
      for (const limit of LIMITS[kind] as number[]) {
        const { end, problems: found } = await tryOne(scenario, kind, limit);
        (seen[end] ??= []).push(limit);
        if (found.length > 0) problems[scenario.name] = [...(problems[scenario.name] ?? []), ...found];
      }
    }
    console.info(kind, JSON.stringify(ends));
    expect(problems).toEqual({});
  },
  3_600_000,
);
