import fs from 'node:fs';
import path from 'node:path';
import { readStateDict } from '../../lib/weights/index';
import { records, run, type Outcome } from '../cli/run';
import { runProgram } from '../addon/program';
import { callsIn, faulty, type Call, type Fault } from './layer';
import type { Scenario } from './scenarios';

/** How each kind of call may fail. */
const WAYS: Record<string, readonly Omit<Fault, 'call' | 'number'>[]> = {
  open: [{ error: 'EIO' }, { error: 'EMFILE' }, { error: 'EACCES' }, { error: 'ESTALE' }, { error: 'EINTR' }],
  create: [{ error: 'ENOSPC' }, { error: 'EROFS' }, { error: 'EMFILE' }, { error: 'EDQUOT' }, { error: 'EACCES' }],
  read: [{ error: 'EIO' }, { error: 'ESTALE' }, { error: 'EINTR' }, { action: 'short' }, { action: 'cut' }],
  write: [{ error: 'ENOSPC' }, { error: 'EIO' }, { error: 'EDQUOT' }, { error: 'EINTR' }, { action: 'short' }],
  fsync: [{ error: 'EIO' }, { error: 'ENOSPC' }, { error: 'EDQUOT' }, { error: 'EINTR' }],
  close: [{ error: 'EIO' }, { error: 'EDQUOT' }, { error: 'EINTR' }],
  rename: [{ error: 'EIO' }, { error: 'ENOSPC' }, { error: 'EACCES' }, { error: 'EROFS' }],
  mkdir: [{ error: 'ENOSPC' }, { error: 'EACCES' }, { error: 'EROFS' }],
  unlink: [{ error: 'EACCES' }, { error: 'EIO' }, { error: 'EROFS' }],
  rmdir: [{ error: 'EACCES' }, { error: 'EIO' }],
  truncate: [{ error: 'EIO' }, { error: 'ENOSPC' }],
  fallocate: [{ error: 'ENOSPC' }],
  link: [{ error: 'EACCES' }, { error: 'ENOSPC' }],
  copy: [{ error: 'EIO' }, { error: 'ENOSPC' }],
  list: [{ error: 'EIO' }, { error: 'EMFILE' }, { error: 'EACCES' }, { error: 'ESTALE' }],
  stat: [{ error: 'EIO' }, { error: 'ESTALE' }, { error: 'EACCES' }],
  access: [{ error: 'EIO' }, { error: 'EACCES' }],
  statfs: [{ error: 'EIO' }, { error: 'ENOSYS' }],
  times: [{ error: 'EACCES' }, { error: 'EROFS' }],
  mmap: [{ error: 'ENOMEM' }],
};

/** Kinds of calls that change a file system, and those that only look. */
const CHANGES = [
  'create',
  'write',
  'fsync',
  'rename',
  'mkdir',
  'unlink',
  'rmdir',
  'truncate',
  'fallocate',
  'link',
  'copy',
];
const LOOKS = ['open', 'read', 'list', 'stat', 'access'];

/** How a file system may end in the midst of everything: Linux makes one read-only whose disk fails, and a disk that is gone answers nothing. */
const ENDS: readonly Pick<Fault, 'call' | 'error'>[] = [
  { call: CHANGES.join(','), error: 'EROFS' },
  { call: [...CHANGES, ...LOOKS].join(','), error: 'EIO' },
];

/** What came of a fault. */
export interface Injection {
  scenario: string;
  fault: Fault;
  /** The call that was spoilt; undefined where it did not come again. */
  hit: Call | undefined;
  code: number | null;
  stderr: string;
  /** What is not as it should be; empty where all is well. */
  problems: string[];
}

/** A scenario that was run without faults: what it comes to, and the calls on the way. */
export interface Baseline {
  scenario: Scenario;
  calls: Call[];
  expected: unknown;
}

export class Sweep {
  private count = 0;

  constructor(
    private readonly base: string,
    private readonly library: string,
  ) {}

  /** Runs a scenario with the layer and without faults. */
  async baseline(scenario: Scenario): Promise<Baseline> {
    const folder = this.fresh(scenario);
    const { outcome, calls } = await this.run(scenario, folder);
    if (outcome.code !== 0 || outcome.stderr !== '') throw new Error(`${scenario.name}: ${outcome.stderr}`);
    const expected = await scenario.result(folder, outcome);
    fs.rmSync(folder, { recursive: true });
    return { scenario, calls, expected };
  }

  /** Runs a scenario with a fault, and once more without. */
  async inject({ scenario, expected }: Baseline, fault: Fault): Promise<Injection> {
    const folder = this.fresh(scenario);
    const before = stateOf(folder);
    const problems: string[] = [];
    const { outcome, calls } = await this.run(scenario, folder, fault);
    const hits = calls.filter(({ kind }) => kind === 'fault');
    const [hit] = hits;
    const lacking = outcome.code === 0 && scenario.lacks?.(outcome) === true;
    const noted = lacking || (outcome.code === 0 && scenario.note?.test(outcome.stderr) === true);
    if (!noted) problems.push(...told(outcome, hits, folder, scenario.lineOfEach === true));
    const outputs = scenario.outputs.map((name) => path.join(folder, name));
    // What was cut short stays so.
    const cut = fault.action === 'cut';
    if (!cut) for (const file of visible(outputs)) problems.push(...(await broken(file)));
    if (outcome.code === 0 && !cut && !lacking) problems.push(...(await differs(scenario, folder, outcome, expected)));
    const kinds = fault.call.split(',');
    const cleans = hit !== undefined && ['unlink', 'rmdir', 'list', 'rename'].some((kind) => kinds.includes(kind));
    // What could not be looked at could not be removed either.
    const stayed = fault.call === 'stat' && hit !== undefined ? hit.path : undefined;
    const left = litter(outputs).filter((name) => !before.includes(`${name} `) && name !== stayed);
    if (!cleans && !cut) problems.push(...left.map((name) => `left ${name}`));
    const args = scenario.next(folder);
    // Where nothing has changed it would do what it did without a fault.
    const changed = !cut && stateOf(folder) !== before;
    if (outcome.code !== 0 && args !== undefined && changed) {
      const next = await start(scenario, args, scenario.env?.(folder) ?? {});
      if (next.code !== 0) problems.push(`the next run fails: ${next.stderr}`);
      else problems.push(...(await differs(scenario, folder, next, expected)).map((text) => `the next run: ${text}`));
      problems.push(...litter(outputs).map((name) => `the next run left ${name}`));
    }
    fs.rmSync(folder, { recursive: true });
    return { scenario: scenario.name, fault, hit, code: outcome.code, stderr: outcome.stderr, problems };
  }

  /** Runs a scenario in a folder that is prepared, and leaves it. */
  async runIn(scenario: Scenario, folder: string, fault: Fault): Promise<Outcome> {
    return (await this.run(scenario, folder, fault)).outcome;
  }

  private fresh(scenario: Scenario): string {
    const folder = path.join(this.base, `${scenario.name.replaceAll(' ', '-')}-${this.count++}`);
    fs.mkdirSync(path.join(folder, 'tmp'), { recursive: true });
    scenario.prepare(folder);
    return folder;
  }

  private async run(scenario: Scenario, folder: string, fault?: Fault): Promise<{ outcome: Outcome; calls: Call[] }> {
    const log = `${folder}.log`;
    const env = { ...faulty(this.library, folder, log, fault), TMPDIR: path.join(folder, 'tmp') };
    const outcome = await start(scenario, scenario.args(folder), { ...env, ...scenario.env?.(folder) });
    const calls = callsIn(log);
    fs.rmSync(log, { force: true });
    return { outcome, calls };
  }
}

/** Names, lengths and times of all files, to tell whether anything was done. */
function stateOf(folder: string): string {
  return everything([folder])
    .map((file) => {
      const { size, mtimeMs } = fs.lstatSync(file);
      return `${file} ${size} ${mtimeMs}`;
    })
    .join('\n');
}

/** Runs the scenario's program, or the command line. */
async function start({ program }: Scenario, args: string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  if (program === undefined) return run(args, { env });
  const { end, stdout, stderr } = await runProgram(path.join('..', 'faults', program), { args, env });
  return { code: typeof end === 'number' ? end : null, stdout, stderr };
}

const TEMPORARY = /^\.(.+)\.[0-9a-f]{8}-\d+-\d+-[0-9a-f]{8}\.tmp$/;

/** The file that a temporary name stands for, or a folder it is in. */
function namesOf(hit: Call, folder: string): string[] {
  const base = path.basename(hit.path);
  const name = TEMPORARY.exec(base)?.[1] ?? base;
  const folders = [];
  for (let at = path.dirname(hit.path); at.length > folder.length; at = path.dirname(at))
    folders.push(at.replace(/\.unpacking$/, ''));
  return [name, ...folders];
}

/** A process ends well, or with one line of its own that names the file, of several one of them; or with a line of each. */
function told({ code, stderr }: Outcome, hits: readonly Call[], folder: string, ofEach: boolean): string[] {
  const problems: string[] = [];
  const lines = stderr.split('\n').filter((line) => line !== '');
  if (code !== 0 && code !== 1) problems.push(`exit code ${code}`);
  if (code === 1 && lines.length !== 1 && !ofEach) problems.push(`${lines.length} lines`);
  if (/\.tmp\b/.test(stderr)) problems.push('a temporary name, which nobody has given');
  if (lines.some((line) => !line.startsWith('resnet-ft: '))) problems.push('a line that is not of the command');
  if (/unexpected error|^\s*at .*:\d+:\d+/m.test(stderr)) problems.push('an error that nobody expected');
  if (code === 1 && hits.length === 0) problems.push('fails without a fault');
  // Memory and threads have no file.
  const ofFiles = hits.filter((hit) => hit.path.startsWith(folder));
  const names = ofFiles.flatMap((hit) => namesOf(hit, folder));
  if (code === 1 && ofFiles.length > 0 && !names.some((name) => stderr.includes(name)))
    problems.push('the file is not named');
  return problems;
}

/** Not what is hidden, nor what a download has of a file so far. */
export function visible(outputs: readonly string[]): string[] {
  return everything(outputs).filter(
    (file) => !file.split(path.sep).some((part) => part.startsWith('.')) && !/\.part(\.json)?$/.test(file),
  );
}

function litter(outputs: readonly string[]): string[] {
  return everything(outputs).filter((file) => path.basename(file).startsWith('.') || file.endsWith('.tmp'));
}

function everything(outputs: readonly string[]): string[] {
  return outputs
    .filter((folder) => fs.existsSync(folder))
    .flatMap((folder) =>
      fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() || entry.name.startsWith('.'))
        .map((entry) => path.join(entry.parentPath, entry.name)),
    );
}

/** A file that has its name is whole. */
export async function broken(file: string): Promise<string[]> {
  try {
    if (/\.(safetensors|pth)$/.test(file)) await readStateDict(file);
    if (file.endsWith('.json')) JSON.parse(fs.readFileSync(file, 'utf8'));
    if (file.endsWith('.jsonl')) records(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    return [`${path.basename(file)} is broken: ${(error as Error).message}`];
  }
  return [];
}

async function differs(scenario: Scenario, folder: string, outcome: Outcome, expected: unknown): Promise<string[]> {
  try {
    const found = await scenario.result(folder, outcome);
    return JSON.stringify(found) === JSON.stringify(expected) ? [] : ['another result'];
  } catch (error) {
    return [`no result: ${(error as Error).message}`];
  }
}

/** Of many writes and reads of one file after another those that differ: the first two, one in the middle, and the last. */
function apart(calls: readonly Call[], kind: string): number[] {
  const numbers: number[] = [];
  let run: number[] = [];
  let file: string | undefined;
  const end = (): void => {
    const middle = run[Math.floor(run.length / 2)];
    numbers.push(...new Set([...run.slice(0, 2), ...(middle === undefined ? [] : [middle]), ...run.slice(-1)]));
    run = [];
  };
  calls
    .filter((call) => call.kind === kind)
    .forEach((call, i) => {
      if (call.path !== file) end();
      file = call.path;
      run.push(i + 1);
    });
  end();
  return numbers;
}

/** Every fault: each call that a scenario makes, in each way in which it may fail. */
export function allFaults({ calls }: Baseline): Fault[] {
  return Object.entries(WAYS).flatMap(([call, ways]) =>
    apart(calls, call).flatMap((number) => ways.map((way) => ({ call, number, ...way }))),
  );
}

/** One way for each call, in turns: the quickest look at every call. */
export function oneWayEach(baseline: Baseline, shift: number): Fault[] {
  const ways = new Map<string, Fault[]>();
  for (const fault of allFaults(baseline)) {
    const key = `${fault.call} ${fault.number}`;
    ways.set(key, [...(ways.get(key) ?? []), fault]);
  }
  return [...ways.values()].map((list, i) => list[(i + shift) % list.length] as Fault);
}

/** The file system ends, in each way, before the first call and so many more, evenly apart. */
export function endsOf({ calls }: Baseline, times: number): Fault[] {
  return ENDS.flatMap((end) => {
    const kinds = end.call.split(',');
    const all = calls.filter(({ kind }) => kinds.includes(kind)).length;
    const numbers = Array.from({ length: times }, (_, i) => 1 + Math.floor((i * all) / times));
    return [...new Set(numbers)].map((number) => ({ ...end, number, last: 1e9 }));
  });
}
