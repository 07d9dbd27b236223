import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { readStateDict, readWeights } from '../../lib/weights/index';
import { ANTS_BEES, run, type Outcome } from '../cli/run';
import { sendFile, type LocalServer } from '../download/server';
import { resultsOf } from '../train/resume-runs';
import { zip } from '../weights/torch-zip';
import { faulty } from './layer';

/** A command under faults, on files below one folder. */
export interface Scenario {
  name: string;
  /** Puts the folder in its state before the command. */
  prepare: (folder: string) => void;
  args: (folder: string) => string[];
  /** A program of this folder in place of the command line. */
  program?: string;
  /** What it needs of the environment. */
  env?: (folder: string) => NodeJS.ProcessEnv;
  /** What is run next, without faults: the same, unless it has been done or begun. */
  next: (folder: string) => string[] | undefined;
  /** What the command comes to, for comparison. */
  result: (folder: string, outcome: Outcome) => Promise<unknown>;
  /** Folders, under the one of the command, in which it writes. */
  outputs: string[];
  /** Whether it says a line of each file that it can't read, and goes on. */
  lineOfEach?: boolean;
  /** What it may say where it has done what it was to do, but for that. */
  note?: RegExp;
  /** Whether it says what its result lacks, and why. */
  lacks?: (outcome: Outcome) => boolean;
}

const SMALL = [
  ...['--weights', 'none', '--arch', 'resnet18', '--image-size', '64', '--threads', '1', '--batch-size', '2'],
  ...['--device', 'cpu', '--precision', 'fp32', '--backend', 'native', '--momentum', '0.9', '--lr', '0.05'],
  // Features of the frozen part lie in a file; what is saved is small beside the weights themselves.
  ...['--train-from', 'fc', '--cache-memory', '0'],
];

/** What `report` says of pictures, or of maps of the evidence, that its page is without. */
const PAGE_LACKS =
  /^(?=.)(?:\d images? ha(?:s|ve) no picture, .*\n)?(?:The page does not show where the evidence for the predicted class lies.*: .*\n)?$/;

const ONE = ['--threads', '1', '--device', 'cpu', '--precision', 'fp32'];

/** Two images of each class in each split. */
function copyImages(folder: string): void {
  for (const split of ['train', 'val']) {
    for (const name of ['ants', 'bees']) {
      const from = path.join(ANTS_BEES, split, name);
      fs.mkdirSync(path.join(folder, split, name), { recursive: true });
      for (const image of fs.readdirSync(from).sort().slice(0, 2))
        fs.copyFileSync(path.join(from, image), path.join(folder, split, name, image));
    }
  }
}

const trainArgs = (folder: string): string[] => [
  ...['train', path.join(folder, 'data'), ...SMALL, '--epochs', '1', '--checkpoint-every', '1'],
  ...['--output', path.join(folder, 'run'), '--cache-dir', path.join(folder, 'cache')],
];

/** A run that has begun is gone on with; one that has come to its end is not. */
function nextTraining(folder: string): string[] | undefined {
  const output = path.join(folder, 'run');
  if (!fs.existsSync(path.join(output, 'config.json'))) return trainArgs(folder);
  return ['train', '--resume', output, '--cache-dir', path.join(folder, 'cache')];
}

/** Without the folder, whose name stands before those of images. */
async function trained(folder: string): Promise<unknown> {
  return JSON.parse(JSON.stringify(await resultsOf(path.join(folder, 'run'))).replaceAll(folder, '')) as unknown;
}

async function weightsIn(file: string): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, { data }] of await readStateDict(file)) hash.update(name).update(data);
  return hash.digest('hex');
}

const copy = (from: string, to: string): void => fs.cpSync(from, to, { recursive: true });

/** Every file of a folder and its content, as a hash. */
function contentOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(folder, name);
    if (fs.statSync(file).isFile()) hash.update(name).update(fs.readFileSync(file));
  }
  return hash.digest('hex');
}

/** The tutorial's data set from a mirror: downloaded, checked, unpacked, and put in its place. */
function downloading(data: string, mirror: LocalServer): Scenario {
  const names = fs.readdirSync(data, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => fs.statSync(path.join(data, name)).isFile());
  const archive = zip(
    files.map((name) => ({ name: `hymenoptera_data/${name}`, data: fs.readFileSync(path.join(data, name)) })),
  );
  mirror.answer((request, response) => sendFile(request, response, archive));
  const args = (): string[] => [createHash('sha256').update(archive).digest('hex'), String(archive.length)];
  return {
    name: 'download',
    prepare: () => {},
    program: 'download.js',
    env: (folder) => ({ XDG_CACHE_HOME: path.join(folder, 'user'), RESNET_FT_MIRROR: mirror.url }),
    ...{ args, next: args },
    result: (folder) => Promise.resolve(contentOf(path.join(folder, 'user', 'resnet-ft', 'data', 'hymenoptera_data'))),
    outputs: ['user'],
  };
}

/**
 * The commands, and what they start from: made once, in a folder of its own.
 *
 * @param library of the layer, by which a training is killed once it has a checkpoint in the middle of its epoch
 * @param mirror for what is downloaded
 */
export async function scenarios(base: string, library: string, mirror: LocalServer): Promise<Scenario[]> {
  const data = path.join(base, 'data');
  copyImages(data);
  const finished = path.join(base, 'finished');
  const begun = path.join(base, 'begun');
  for (const folder of [finished, begun]) copy(data, path.join(folder, 'data'));
  const whole = await run(trainArgs(finished));
  if (whole.code !== 0) throw new Error(whole.stderr);
  const kill = { call: 'rename', number: 1, action: 'kill', file: 'step-00000002' } as const;
  await run(trainArgs(begun), { env: faulty(library, begun, path.join(base, 'begun.log'), kill) });
  if (!fs.existsSync(path.join(begun, 'run', 'checkpoints', 'step-00000001.safetensors')))
    throw new Error('no run that was killed in the middle');

  const withModel = (folder: string): void => {
    fs.mkdirSync(path.join(folder, 'run'), { recursive: true });
    for (const name of ['model.safetensors', 'config.json'])
      fs.copyFileSync(path.join(finished, 'run', name), path.join(folder, 'run', name));
    copy(data, path.join(folder, 'data'));
  };
  const same = (args: (folder: string) => string[]) => ({ args, next: args });

  const exporting = (name: string, format: string, output: string): Scenario => ({
    name,
    prepare: (folder) => {
      withModel(folder);
      fs.mkdirSync(path.join(folder, 'out'));
    },
    ...same((folder) => [
      ...['export', path.join(folder, 'run'), '--format', format, '--force'],
      ...['--output', path.join(folder, 'out', output)],
    ]),
    result: async (folder) => {
      const files = fs.readdirSync(path.join(folder, 'out'), { recursive: true, withFileTypes: true });
      const sums = files
        .filter((file) => file.isFile())
        .map((file) => {
          const at = path.join(file.parentPath, file.name);
          const hash = createHash('sha256').update(fs.readFileSync(at)).digest('hex');
          return [path.relative(folder, at), hash];
        });
      return format === 'onnx' ? sums.sort() : weightsIn(path.join(folder, 'out', output));
    },
    outputs: ['out'],
  });

  const withRun = (folder: string): void => {
    for (const name of ['data', 'run']) copy(path.join(finished, name), path.join(folder, name));
    for (const name of fs.readdirSync(path.join(folder, 'run')))
      if (/\.jsonl?$/.test(name)) rewrite(path.join(folder, 'run', name), finished, folder);
    fs.mkdirSync(path.join(folder, 'out'));
  };
  /** A command about a run that has come to its end, which writes into `out` or the run. */
  const about = (name: string, args: (folder: string) => string[], result: Scenario['result']): Scenario => ({
    name,
    prepare: withRun,
    ...same((folder) => [name, path.join(folder, 'run'), ...args(folder)]),
    result,
    outputs: ['out', 'run'],
  });
  const metadataOfRun = async (folder: string): Promise<unknown> =>
    (await readWeights(path.join(folder, 'run', 'model.safetensors'))).metadata;
  const textOf =
    (...names: string[]) =>
    (folder: string): Promise<string> =>
      Promise.resolve(fs.readFileSync(path.join(folder, ...names), 'utf8').replaceAll(folder, ''));

  return [
    {
      name: 'train',
      prepare: (folder) => copy(data, path.join(folder, 'data')),
      args: trainArgs,
      next: nextTraining,
      result: trained,
      outputs: ['run', 'cache'],
    },
    {
      name: 'resume',
      prepare: (folder) => {
        for (const name of ['data', 'run', 'cache']) copy(path.join(begun, name), path.join(folder, name));
        // The run remembers where its data are.
        for (const name of ['config.json']) rewrite(path.join(folder, 'run', name), begun, folder);
      },
      args: (folder) => nextTraining(folder) as string[],
      next: nextTraining,
      result: trained,
      outputs: ['run', 'cache'],
    },
    {
      name: 'predict',
      prepare: withModel,
      ...same((folder) => ['predict', path.join(folder, 'run'), path.join(folder, 'data', 'val'), '--threads', '1']),
      result: (folder, { stdout }) => Promise.resolve(stdout.replaceAll(folder, '')),
      outputs: [],
      lineOfEach: true,
    },
    about(
      'eval',
      (folder) => [path.join(folder, 'data'), '--predictions', path.join(folder, 'out', 'predictions.csv'), ...ONE],
      textOf('out', 'predictions.csv'),
    ),
    {
      ...about(
        'explain',
        (folder) => [path.join(folder, 'data', 'val'), '--output', path.join(folder, 'out', 'maps'), '--force', ...ONE],
        (folder) => Promise.resolve(contentOf(path.join(folder, 'out'))),
      ),
      lineOfEach: true,
    },
    {
      ...about('report', (folder) => ['--output', path.join(folder, 'out', 'page.html')], textOf('out', 'page.html')),
      lacks: ({ stderr }) => PAGE_LACKS.test(stderr),
    },
    {
      ...about('unknown', () => [], metadataOfRun),
      note: /^(?:the model card was not written: (?:cannot write |weights )?[/]|README[.]md was edited)/,
    },
    {
      name: 'check',
      prepare: withRun,
      ...same((folder) => [
        ...['check', path.join(folder, 'data'), '--html', path.join(folder, 'out', 'page.html')],
        ...['--model', path.join(folder, 'run'), ...ONE],
      ]),
      result: async (folder, { stdout }) => [stdout.replaceAll(folder, ''), await textOf('out', 'page.html')(folder)],
      // What can't be read is a finding.
      lacks: ({ stdout, stderr }) =>
        stderr === '' && /^ +\d+ {2}(?:unreadable images?|folders? that cannot be read)\n/m.test(stdout),
      outputs: ['out'],
    },
    exporting('export safetensors', 'safetensors', 'model.safetensors'),
    exporting('export pth', 'pth', 'model.pth'),
    exporting('export onnx', 'onnx', 'model.onnx'),
    exporting('export hub', 'onnx', `web${path.sep}`),
    downloading(data, mirror),
  ];
}

function rewrite(file: string, from: string, to: string): void {
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replaceAll(from, to));
}
