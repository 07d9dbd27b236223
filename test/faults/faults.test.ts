import fs from 'node:fs';
import path from 'node:path';
import { run, scratch } from '../cli/run';
import { localServer } from '../download/server';
import { slowRows } from '../slow';
import { repeatableRandom } from '../train/resume-runs';
import { callsIn, compileLayer, faulty, type Fault } from './layer';
import { scenarios, type Scenario } from './scenarios';
import { allFaults, Sweep, type Baseline, type Injection } from './sweep';

// A sample of faults.slow.ts, which fails every call in each way: what was found there, and some that are drawn.

const tmp = scratch();
const mirror = localServer();
const library = compileLayer(tmp);
const onLinux = library === undefined ? test.skip : test;
const sweep = new Sweep(tmp, library ?? '');
const baselines = new Map<string, Promise<Baseline>>();
let all: Promise<Scenario[]> | undefined;

async function baselineOf(name: string): Promise<Baseline> {
  all ??= scenarios(tmp, library as string, mirror);
  const scenario = (await all).find((one) => one.name === name) as Scenario;
  const baseline = baselines.get(name) ?? sweep.baseline(scenario);
  baselines.set(name, baseline);
  return baseline;
}

const EVERY = { number: 1, last: 1e9 };

/** Which command meets which fault, its exit code, and what it says. */
type Found = [name: string, fault: Fault, code: number, said: RegExp];

const FOUND: Found[] = [
  ['predict', { call: 'memory', number: 40, error: 'ENOMEM' }, 1, /does not fit into memory/],
  ['predict', { call: 'thread', number: 1, error: 'EAGAIN' }, 1, /no thread can be started/],
  ...slowRows<Found>(['train', { call: 'memory', number: 150, last: 1e9, error: 'ENOMEM' }, 1, /memory/]),
  // Node.js 20 aborts where a file that readFileSync reads as UTF-8 can't be closed.
  ['train', { call: 'close', number: 2, error: 'EIO', file: 'owner.json' }, 0, /^$/],
  ['train', { call: 'unlink', number: 1, error: 'EROFS', file: 'step-00000000' }, 0, /^$/],
  ...slowRows<Found>([
    'train',
    { call: 'close', number: 2, error: 'EDQUOT', file: 'metrics.jsonl' },
    1,
    /metrics\.jsonl can't be written: disk quota exceeded \(EDQUOT\)/,
  ]),
  [
    'train',
    { call: 'write', ...EVERY, action: 'full', error: 'ENOSPC', file: 'metrics.jsonl' },
    1,
    /metrics\.jsonl can't be written: no space left on device \(ENOSPC\)/,
  ],
  // That it can't be closed either does not hide what ended the run, and how to go on.
  [
    'train',
    { call: 'write,close', ...EVERY, error: 'EDQUOT', file: 'metrics.jsonl' },
    1,
    /metrics\.jsonl can't be written: disk quota exceeded \(EDQUOT\)\. The weights so far are saved in [^\n]* Go on with: /,
  ],
  ...slowRows<Found>(['train', { call: 'write', ...EVERY, action: 'short', file: '.json' }, 0, /^$/]),
  ['train', { call: 'access,list', number: 1, error: 'EIO', file: 'run' }, 0, /^$/],
  [
    'resume',
    { call: 'list', number: 2, error: 'ESTALE', file: 'checkpoints' },
    1,
    /checkpoints: the folder can't be read: stale file handle \(ESTALE\)\. Try again/,
  ],
  ...slowRows<Found>(['resume', { call: 'stat', number: 1, error: 'ESTALE', file: '.jpg' }, 0, /^$/]),
  [
    'resume',
    { call: 'stat', ...EVERY, error: 'ESTALE', file: '.jpg' },
    1,
    /Whether the data set is the one that the run began with can't be told: [^ ]*\.jpg can't be looked at: stale file handle \(ESTALE\)/,
  ],
  [
    'resume',
    { call: 'open', number: 1, error: 'ESTALE', file: 'config.json' },
    1,
    /config\.json[^\n]*stale file handle \(ESTALE\)\. Try again/,
  ],
  // The mark of whose the folder is can't be read at the end: it is removed all the same.
  ['resume', { call: 'open,read', number: 4, last: 1e9, error: 'EIO', file: 'owner.json' }, 0, /^$/],
  [
    'train',
    { call: 'list', number: 2, error: 'EIO', file: '/run' },
    1,
    /The output folder [^ ]*run can't be read: i\/o error \(EIO\)/,
  ],
  ...slowRows<Found>(['resume', { call: 'read', ...EVERY, action: 'short' }, 0, /^$/]),
  ['predict', { call: 'read', ...EVERY, action: 'short' }, 0, /^$/],
  ['predict', { call: 'read', number: 1, last: 3, error: 'EINTR' }, 0, /^$/],
  ['predict', { call: 'read', number: 5, error: 'EINTR' }, 0, /^$/],
  ['predict', { call: 'close', number: 1, error: 'EIO' }, 0, /^$/],
  [
    'predict',
    { call: 'open', number: 1, error: 'ESTALE' },
    1,
    /^resnet-ft: weights [^ ]*model\.safetensors: stale file handle \(ESTALE\)/,
  ],
  ['predict', { call: 'read', number: 4, action: 'cut' }, 1, /model\.safetensors: truncated/],
  [
    'export hub',
    { call: 'stat', number: 1, error: 'EIO', file: 'metrics.jsonl' },
    1,
    /metrics\.jsonl can't be read: i\/o error \(EIO\)/,
  ],
  [
    'export hub',
    { call: 'stat', number: 1, error: 'ESTALE', file: 'onnx/model.onnx' },
    1,
    /cannot write [^ ]*model\.onnx: stale file handle/,
  ],
  [
    'download',
    { call: 'stat', number: 2, error: 'EIO', file: 'unpacking/hymenoptera_data/train/ants' },
    1,
    /i\/o error \(EIO\)/,
  ],
  ['download', { call: 'write', number: 1, error: 'EDQUOT', file: '.part' }, 1, /the disk is full/],
  [
    'unknown',
    { call: 'open', number: 1, error: 'EIO', file: 'data/train/bees' },
    1,
    /^resnet-ft: [^ ]*data\/train\/bees\/[^ ]*jpg: i\/o error \(EIO\)\n$/,
  ],
  [
    'unknown',
    { call: 'open', number: 1, error: 'ESTALE', file: 'data/val/ants/8124241' },
    1,
    /^resnet-ft: [^ ]*data\/val\/ants\/8124241[^ ]*jpg: stale file handle \(ESTALE\)\n$/,
  ],
  // A page without what was to be on it says so.
  [
    'report',
    { call: 'open', number: 2, last: 1e9, error: 'EMFILE', file: 'run/model.safetensors' },
    0,
    /^The page does not show where the evidence for the predicted class lies: weights [^ ]+model\.safetensors: too many open files \(EMFILE\)\n$/,
  ],
  [
    'report',
    { call: 'read', ...EVERY, error: 'ESTALE', file: 'data/val/ants/8124241' },
    0,
    /^1 image has no picture, val.ants.8124241_36b290d372\.jpg: stale file handle \(ESTALE\)\nThe page does not show .* lies in 1 image: stale/,
  ],
  // Whether the model is calibrated stands in it, and what else can be done with it depends on whether it is there.
  [
    'report',
    { call: 'open', number: 1, error: 'EMFILE', file: 'run/model.safetensors' },
    1,
    /^resnet-ft: weights [^ ]+model\.safetensors: too many open files \(EMFILE\)\n$/,
  ],
  [
    'report',
    { call: 'stat', number: 2, error: 'ESTALE', file: 'run/model.safetensors' },
    1,
    /^resnet-ft: [^ ]+model\.safetensors can't be read: stale file handle \(ESTALE\)\n$/,
  ],
  // A card without what the model has just got would be one of another model.
  [
    'unknown',
    { call: 'open', number: 4, error: 'EIO', file: 'run/model.safetensors' },
    0,
    /^the model card was not written: weights [^ ]+model\.safetensors: i\/o error \(EIO\)\n$/,
  ],
  // A picture is tried again; what opens the image first is the map of its evidence.
  ['report', { call: 'open', number: 2, error: 'EMFILE', file: 'data/val/ants/8124241' }, 0, /^$/],
  // A data set that can't be looked at is not said to be another, nor are its images downloaded again.
  [
    'download',
    { call: 'list', ...EVERY, error: 'EIO', file: 'train/ants' },
    1,
    /cannot (read|write) [^ ]*hymenoptera_data[^ ]*: i\/o error \(EIO\)/,
  ],
  // A file system that turns read-only, as Linux makes one whose disk fails: what stays of it can't be removed either.
  [
    'export pth',
    { call: 'write,fsync,rename,unlink', number: 3, last: 1e9, error: 'EROFS' },
    1,
    /^resnet-ft: cannot write [^ ]*out\/model\.pth: read-only file system \(EROFS\)\n$/,
  ],
  [
    'export pth',
    { call: 'stat', ...EVERY, error: 'EIO', file: '/out' },
    1,
    /^resnet-ft: cannot write [^ ]*model\.pth: i\/o error \(EIO\)\n$/,
  ],
];

onLinux.each(FOUND)('%s, where %j: exit code %i', async (name, fault, code, said) => {
  const injection = await sweep.inject(await baselineOf(name), fault);
  expect(injection).toMatchObject({ hit: expect.anything() as unknown, code, problems: [] });
  expect(injection.stderr).toMatch(said);
});

onLinux.each([
  ['train', 1],
  ['resume', 1],
  ['predict', 2],
  ['export hub', 1],
  ['download', 2],
])('%s, under faults that are drawn', async (name, count) => {
  const seed = Number(process.env['RESNET_FT_FAULTS_SEED'] ?? 19);
  const random = repeatableRandom(seed + name.length);
  const baseline = await baselineOf(name);
  const faults = allFaults(baseline);
  const bad: Injection[] = [];
  for (let i = 0; i < count; i++) {
    const fault = faults[Math.floor(random() * faults.length)] as Fault;
    const injection = await sweep.inject(baseline, fault);
    if (injection.problems.length > 0) bad.push(injection);
  }
  expect(bad).toEqual([]);
});

onLinux('no file that others may cut short is mapped into memory', async () => {
  for (const name of ['train', 'resume', 'predict', 'export hub', 'download']) {
    const { calls } = await baselineOf(name);
    expect(calls.filter(({ kind }) => kind === 'mmap')).toEqual([]);
    expect(calls.filter(({ kind }) => kind === 'read').length).toBeGreaterThan(0);
  }
});

onLinux('a run whose metrics.jsonl met a full disk has whole lines in it', async () => {
  const { scenario } = await baselineOf('train');
  const folder = path.join(tmp, 'whole-lines');
  fs.mkdirSync(folder);
  scenario.prepare(folder);
  const fault: Fault = { call: 'write', ...EVERY, action: 'full', error: 'ENOSPC', file: 'metrics.jsonl' };
  expect(await sweep.runIn(scenario, folder, fault)).toMatchObject({ code: 1 });
  expect(fs.readFileSync(path.join(folder, 'run', 'metrics.jsonl'), 'utf8')).toBe('');
});

onLinux('several trainings whose plan can not be read at the moment are not said to need a new one', async () => {
  const folder = path.join(tmp, 'repeats');
  const plan = path.join(folder, 'run', 'repeats.json');
  fs.mkdirSync(path.dirname(plan), { recursive: true });
  fs.writeFileSync(plan, '{}');
  const fault: Fault = { call: 'open', ...EVERY, error: 'ESTALE', file: 'repeats.json' };
  const env = faulty(library as string, folder, path.join(tmp, 'repeats.log'), fault);
  const { code, stderr } = await run(['train', '--resume', path.dirname(plan)], { env });
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/repeats\.json.*ESTALE.*Try again/) as string,
  });
});

onLinux('a training of several whose result can not be looked at is not taken for one that was stopped', async () => {
  const { scenario } = await baselineOf('train');
  const folder = path.join(tmp, 'seeds');
  fs.mkdirSync(folder);
  scenario.prepare(folder);
  const output = path.join(folder, 'run');
  const args = [...scenario.args(folder), '--seeds', '2', '--checkpoint-every', 'never'];
  expect(await run(args)).toMatchObject({ code: 0 });
  const fault: Fault = { call: 'stat,open,access', ...EVERY, error: 'ESTALE', file: 'seed-0/result.json' };
  const env = faulty(library as string, folder, path.join(tmp, 'seeds.log'), fault);
  const { code, stderr } = await run(['train', '--resume', output], { env });
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/seed-0.result\.json: stale file handle \(ESTALE\)/) as string,
  });
  expect(fs.readdirSync(output)).toEqual(expect.arrayContaining(['seed-0', 'seed-1', 'repeats.json', 'seeds.json']));
  expect(fs.readdirSync(output).filter((name) => name.includes('unfinished'))).toEqual([]);
});

onLinux('a data set whose val/ can not be looked at is not taken for a folder of classes', async () => {
  const { scenario } = await baselineOf('predict');
  const folder = path.join(tmp, 'eval');
  fs.mkdirSync(folder);
  scenario.prepare(folder);
  const fault: Fault = { call: 'stat', ...EVERY, error: 'EIO', file: 'data/val' };
  const env = faulty(library as string, folder, path.join(tmp, 'eval.log'), fault);
  const { code, stderr } = await run(['eval', path.join(folder, 'run'), path.join(folder, 'data')], { env });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `resnet-ft: ${path.join(folder, 'data', 'val')}: cannot be read: i/o error (EIO)\n`,
  });
});

onLinux('the js backend writes all of a feature where a write does less', async () => {
  const { scenario } = await baselineOf('train');
  const folders = ['js-whole', 'js-short'].map((name) => path.join(tmp, name));
  const results = [];
  for (const folder of folders) {
    fs.mkdirSync(folder);
    scenario.prepare(folder);
    const fault: Fault | undefined =
      folder === folders[1] ? { call: 'write', ...EVERY, action: 'short', file: '.features' } : undefined;
    const log = `${folder}.log`;
    const args = scenario.args(folder).map((arg, i, all) => (all[i - 1] === '--backend' ? 'js' : arg));
    const outcome = await run(args, { env: faulty(library as string, folder, log, fault) });
    expect(outcome).toMatchObject({ code: 0 });
    if (fault !== undefined) expect(callsIn(log).some(({ kind }) => kind === 'fault')).toBe(true);
    results.push(await scenario.result(folder, outcome));
  }
  expect(results[1]).toEqual(results[0]);
});
