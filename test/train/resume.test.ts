import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { Spent } from '../../lib/train/account';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/train/checkpoint-file';
import { readWeights, writeStateDict } from '../../lib/weights/index';
import { ANTS_BEES, records, run, scratch, type Outcome } from '../cli/run';
import { slowRows, slowTest } from '../slow';
import { resultsOf, SHORT_RUN } from './resume-runs';
import { startRun } from './small-run';

// What a run leaves to go on from, how it does, and what is refused. What went wrong in other programs has a test here, in fit.test.ts or in
// kill-resume.test.ts: an order that begins again with each resume (Lightning), epochs only (torchvision), a moving average that is lost, halved
// or taken for the weights (ultralytics 23973, yolov5 292, YOLOX 1318), a half-written newest checkpoint that is chosen (transformers 35782), the
// last one lost after a resume (40347), a finished run begun anew (ultralytics 8101), the best so far forgotten (Keras 12803).

const tmp = scratch();
const inTmp = (name: string): string => path.join(tmp, name);
const checkpointsOf = (output: string): string[] => fs.readdirSync(path.join(output, 'checkpoints')).sort();
const resume = (output: string, ...more: string[]): Promise<Outcome> => run(['train', '--resume', output, ...more]);
const copy = (to: string): string => {
  fs.cpSync(inTmp('two'), inTmp(to), { recursive: true });
  return inTmp(to);
};

beforeAll(async () => {
  const [three, two] = [inTmp('three'), inTmp('two')];
  for (const [output, epochs] of [
    [three, '3'],
    [two, '2'],
  ] as const) {
    const ran = await run([...SHORT_RUN, '--epochs', epochs, '--output', output]);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
  }
}, 120_000);

test('the last state and that of the best epoch are kept', () => {
  const metrics = records(fs.readFileSync(path.join(inTmp('three'), 'metrics.jsonl'), 'utf8'));
  const result = JSON.parse(fs.readFileSync(path.join(inTmp('three'), 'result.json'), 'utf8')) as {
    best: { epoch: number };
  };
  expect(metrics.filter(({ kind }) => kind === 'step')).toHaveLength(9);
  const best = 3 * result.best.epoch;
  expect(checkpointsOf(inTmp('three'))).toEqual(
    [...new Set([best, 9])].map((step) => `step-0000000${step}.safetensors`),
  );
});

test('a finished run says so, and goes on where it is given more epochs, as if it had always had them', async () => {
  const output = copy('longer');
  const finished = await resume(output);
  expect(finished).toMatchObject({ code: 0, stderr: '' });
  expect(finished.stdout).toMatch(
    /the run in \S+ is finished, after 2 epochs \(6 steps\); to train it further: npx resnet-ft train --resume \S+longer --epochs 4\n$/,
  );

  const longer = await resume(output, '--epochs', '3');
  expect([longer.code, longer.stderr]).toEqual([0, '']);
  expect(longer.stdout).toContain('the run goes on in epoch 3, after 6 steps\n');
  expect(await resultsOf(output)).toEqual(await resultsOf(inTmp('three')));
});

describe('a run that goes on', () => {
  const REPORT = '--report';
  /** A copy of a run that has a report. */
  const copyReported = (to: string): string => {
    fs.cpSync(inTmp('reported'), inTmp(to), { recursive: true });
    return inTmp(to);
  };
  beforeAll(async () => {
    const ran = await run([...SHORT_RUN, '--epochs', '1', REPORT, '--output', inTmp('reported')]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
  });
  /** What its last checkpoint says of the time until then, in place of what it does say. */
  const setSpent = async (output: string, spent: Spent | undefined): Promise<void> => {
    const file = path.join(output, 'checkpoints', checkpointsOf(output).at(-1) ?? '');
    const read = await readWeights(file);
    const checkpoint = await decodeCheckpoint(file, read.tensors, read.metadata);
    const { tensors, metadata } = await encodeCheckpoint({ ...checkpoint, spent });
    await writeStateDict(file, tensors, { metadata: { ...read.metadata, ...metadata } });
  };
  interface Told {
    seconds: number;
    phases: Spent['phases'];
    notes: string[];
    stepsPerEpoch: number;
  }
  const toldBy = (output: string): Told => {
    const read = (name: string): object => JSON.parse(fs.readFileSync(path.join(output, name), 'utf8')) as object;
    return { ...read('report.json'), ...read('result.json') } as Told;
  };

  test('took as long as all its processes, and has said what they said', async () => {
    const output = copyReported('spent');
    await setSpent(output, { seconds: 1e6, phases: [{ name: 'Training', seconds: 8e5 }] });
    const file = path.join(output, 'report.json');
    const before = JSON.parse(fs.readFileSync(file, 'utf8')) as Told;
    fs.writeFileSync(file, JSON.stringify({ ...before, notes: ['said before'] }));
    const longer = await resume(output, '--epochs', '2', REPORT);
    expect([longer.code, longer.stderr]).toEqual([0, '']);
    const { seconds, phases, notes, stepsPerEpoch } = toldBy(output);
    expect(seconds).toBeGreaterThan(1e6);
    expect(phases[0]).toEqual({ name: 'Training', seconds: expect.any(Number) });
    expect(phases[0]?.seconds).toBeGreaterThan(8e5);
    expect(phases.map(({ name }) => name)).toContain('Reading images');
    expect(notes[0]).toBe('said before');
    expect(stepsPerEpoch).toBe(3);
    // And so once more, from the checkpoint that it has left.
    expect(await resume(output, '--epochs', '3', REPORT)).toMatchObject({ code: 0, stderr: '' });
    expect(toldBy(output).seconds).toBeGreaterThan(seconds);
    expect(toldBy(output).notes[0]).toBe('said before');
  });

  test('may do so from a checkpoint of before, which did not tell the time, and beside a report.json that is damaged', async () => {
    const output = copyReported('not-told');
    await setSpent(output, undefined);
    fs.writeFileSync(path.join(output, 'report.json'), '{"notes": 7}');
    expect(await resume(output, '--epochs', '2', REPORT)).toMatchObject({ code: 0, stderr: '' });
    expect(toldBy(output).phases.map(({ name }) => name)).toContain('Training');
  });
});

slowTest('so does a run of the js backend', async () => {
  const js = [...SHORT_RUN, '--backend', 'js', '--train-from', 'fc', '--draws', 'counter', '--ema', '0.9'];
  const whole = await run([...js, '--epochs', '2', '--output', inTmp('js-whole')]);
  expect([whole.code, whole.stderr]).toEqual([0, '']);
  expect((await run([...js, '--epochs', '1', '--output', inTmp('js')])).code).toBe(0);
  expect((await resume(inTmp('js'), '--epochs', '2')).code).toBe(0);
  expect(await resultsOf(inTmp('js'))).toEqual(await resultsOf(inTmp('js-whole')));
});

test('without its result, which is written last, a run is finished again', async () => {
  const output = copy('without-result');
  fs.rmSync(path.join(output, 'result.json'));
  fs.rmSync(path.join(output, 'last.safetensors'));
  expect(await resume(output)).toMatchObject({ code: 0, stderr: '' });
  expect(await resultsOf(output)).toEqual(await resultsOf(inTmp('two')));
});

test.each([
  [['--lr', '0.1'], 'Expected 0.05, as when the run began, for --lr but received 0.1'],
  [['--batch-size', '2'], 'Expected 4, as when the run began, for --batch-size but received 2'],
  [['--arch', 'resnet34'], 'Expected resnet18, as when the run began, for --arch but received resnet34'],
  [['--precision', 'bf16'], 'Expected fp32, as when the run began, for --precision but received bf16'],
  [['--val-split', '0.5'], "--val-split can't be used now: the run began without it"],
  [['--output', '/elsewhere'], "--output can't be used with --resume, which names the folder"],
])('%j is refused', async (given, message) => {
  const ran = await resume(inTmp('two'), '--epochs', '3', ...given);
  expect([ran.code, ran.stdout]).toEqual([2, '']);
  expect(ran.stderr.startsWith(`resnet-ft: ${message}. `)).toBe(true);
});

test('options that change no result may change, and the same ones may be given again', async () => {
  const output = copy('same-options');
  const same = [
    ...SHORT_RUN,
    '--epochs',
    '3',
    '--cache-memory',
    '0',
    '--crop-memory',
    '0',
    '--checkpoint-every',
    'epoch',
  ];
  const ran = await run([...same, '--resume', output]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  expect(await resultsOf(output)).toEqual(await resultsOf(inTmp('three')));
});

describe('another data set', () => {
  const data = inTmp('data');
  const output = inTmp('of-data');
  beforeAll(async () => {
    fs.cpSync(ANTS_BEES, data, { recursive: true });
    const args = SHORT_RUN.map((arg) => (arg === ANTS_BEES ? data : arg));
    expect((await run([...args, '--epochs', '1', '--output', output])).code).toBe(0);
  });

  test('is refused with what differs', async () => {
    const file = path.join(data, 'val', 'bees', 'abeja.jpg');
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(file, Buffer.concat([bytes, Buffer.from('more')]));
    const changed = await resume(output, '--epochs', '2');
    expect([changed.code, changed.stdout.includes('goes on')]).toEqual([1, false]);
    expect(changed.stderr).toMatch(
      /^resnet-ft: The data set is not the one that the run began with: class bees of the validation images has files of other names or sizes\. [^\n]*\n$/,
    );
    fs.rmSync(file);
    expect((await resume(output, '--epochs', '2')).stderr).toContain(
      'class bees of the validation images has 3 images and had 4. ',
    );
    fs.writeFileSync(file, bytes);
  });

  test('elsewhere is the same one', async () => {
    const moved = inTmp('moved');
    fs.renameSync(data, moved);
    const lost = await resume(output, '--epochs', '2');
    expect([lost.code, lost.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^resnet-ft: no such folder: [^\n]*\. If the data set was moved, name its folder: npx resnet-ft train FOLDER --resume [^\n]*\n$/,
      ) as string,
    ]);
    const ran = await run(['train', moved, '--resume', output, '--epochs', '2']);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
  });
});

describe('a checkpoint that can not be gone on from is refused by its name:', () => {
  /** Changes the last checkpoint of a copy of the run, and goes on. */
  const withLast = async (name: string, change: (file: string) => void): Promise<Outcome & { file: string }> => {
    const output = copy(name);
    const file = path.join(output, 'checkpoints', checkpointsOf(output).at(-1) as string);
    change(file);
    return { ...(await resume(output, '--epochs', '3')), file };
  };

  test.each<[string, (file: string) => void, RegExp]>([
    ['cut', (file) => fs.truncateSync(file, 1_000_000), /truncated/],
    ['empty', (file) => fs.truncateSync(file, 0), /truncated/],
    ['of one wrong bit', (file) => flipBit(file, fs.statSync(file).size >> 1), /damaged: its checksum does not match/],
    [
      'of a wrong word in its header',
      (file) => replaceIn(file, '\\"stepsOfEpoch\\":0', '\\"stepsOfEpoch\\":1'),
      /its checksum/,
    ],
    ['of another version', (file) => replaceIn(file, '"version":"1"', '"version":"9"'), /of version 9/],
    [
      'weights',
      (file) => fs.copyFileSync(path.join(path.dirname(file), '..', 'last.safetensors'), file),
      /not a checkpoint/,
    ],
  ])('%s', async (name, change, reason) => {
    const { code, stderr, file } = await withLast(`broken-${name.replaceAll(' ', '-')}`, change);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr.startsWith(`resnet-ft: checkpoint ${file}: `)).toBe(true);
    expect(stderr).toMatch(reason);
  });

  test('a half-written newer one is not taken, and the one before that the hint names is', async () => {
    const output = copy('newer');
    fs.writeFileSync(path.join(output, 'checkpoints', 'step-00000099.safetensors'), 'half');
    fs.writeFileSync(path.join(output, 'checkpoints', '.step-00000098.safetensors.tmp'), 'half');
    const refused = await resume(output, '--epochs', '3');
    expect(refused.code).toBe(1);
    const [, other] = /Go on from another one: --resume (\S+)/.exec(refused.stderr) ?? [];
    expect(await resume(other as string, '--epochs', '3')).toMatchObject({ code: 0, stderr: '' });
    expect(await resultsOf(output)).toEqual(await resultsOf(inTmp('three')));
    expect(checkpointsOf(output)).not.toContain('step-00000099.safetensors');
  });

  test('a folder without a run', async () => {
    const ran = await resume(tmp);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('there is no run to go on with') as string]);
  });

  test('metrics that are shorter than the checkpoint says', async () => {
    const output = copy('short-metrics');
    fs.truncateSync(path.join(output, 'metrics.jsonl'), 10);
    const ran = await resume(output, '--epochs', '3');
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(/metrics\.jsonl has 10 bytes, and had \d+ when the run was saved\. /) as string,
    ]);
  });
});

test('the model of an epoch after the checkpoint does not stay', async () => {
  const output = copy('later-model');
  fs.copyFileSync(path.join(output, 'last.safetensors'), path.join(output, 'model.safetensors'));
  const best = checkpointsOf(output).at(-1) as string;
  const ran = await resume(path.join(output, 'checkpoints', best), '--epochs', '3');
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  expect(await resultsOf(output)).toEqual(await resultsOf(inTmp('three')));
});

const unix = process.platform === 'win32' ? test.skip : test;

unix.each<[NodeJS.Signals, number]>([['SIGINT', 130], ...slowRows<[NodeJS.Signals, number]>(['SIGTERM', 143])])(
  '%s saves the run, and prints the command that goes on with it',
  async (signal, code) => {
    const output = inTmp(signal);
    const args = [...SHORT_RUN.slice(2), '--epochs', '3', '--output', output];
    const child = await startRun(args, '"step":4,', 'pipe');
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([code, null]);
    const [, goOn] =
      /^resnet-ft: The training was stopped\.[^\n]* Go on with: npx resnet-ft ([^\n]+)\n$/.exec(stderr) ?? [];
    const ran = await run((goOn as string).split(' '));
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(await resultsOf(output)).toEqual(await resultsOf(inTmp('three')));
  },
);

unix('a run that still lives is not taken from its process', async () => {
  const output = inTmp('living');
  const child = await startRun(['--epochs', '1000', '--output', output], '"kind":"step"');
  const ran = await resume(output);
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringMatching(/is in use by process \d+\. /) as string]);
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
  expect((await resume(output, '--steps', '1')).stderr).not.toContain('in use');
});

unix('a run that is killed as soon as it goes on has lost nothing', async () => {
  const output = copy('killed-again');
  const before = checkpointsOf(output);
  const child = await startRun([...SHORT_RUN.slice(2), '--epochs', '3', '--resume', output], '"kind":"resumed"');
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
  expect(checkpointsOf(output)).toEqual(expect.arrayContaining(before));
  expect(await resume(output)).toMatchObject({ code: 0, stderr: '' });
  expect(await resultsOf(output)).toEqual(await resultsOf(inTmp('three')));
});

test('--checkpoint-every saves after steps, or never', async () => {
  const stepsOf = async (name: string, every: string): Promise<unknown[]> => {
    const ran = await run([
      ...SHORT_RUN,
      '--epochs',
      '2',
      '--checkpoint-every',
      every,
      '--json',
      '--output',
      inTmp(name),
    ]);
    return records(ran.stdout).flatMap(({ kind, step }) => (kind === 'checkpoint' ? [step] : []));
  };
  expect(await stepsOf('every-2', '2')).toEqual([0, 2, 3, 4, 6]);
  for (const every of slowRows('epoch')) expect(await stepsOf('every-epoch', every)).toEqual([0, 3, 6]);
  expect(await stepsOf('every-ms', '0.001s')).toEqual(expect.arrayContaining([0, 3, 6]));
  expect(await stepsOf('never', 'never')).toEqual([]);
  const ran = await resume(inTmp('never'), '--epochs', '3');
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('without checkpoints') as string]);
});

test('where there is nothing to go on from, it is told what is missing', async () => {
  expect(await resume(inTmp('nowhere'))).toMatchObject({
    code: 1,
    stderr: `resnet-ft: ${inTmp('nowhere')}: there is no run to go on with: there is no such folder. Name the folder of a run that was begun\n`,
  });
  const output = copy('no-checkpoints');
  fs.rmSync(path.join(output, 'checkpoints'), { recursive: true });
  const ran = await resume(output, '--epochs', '3');
  expect([ran.code, ran.stderr]).toEqual([
    1,
    expect.stringContaining(`${output}: there is no checkpoint in checkpoints/ any more, and`) as string,
  ]);
});

test('--patience ends a run that does not get better', async () => {
  const ran = await run([
    ...SHORT_RUN,
    '--epochs',
    '9',
    '--patience',
    '1',
    '--min-delta',
    '1',
    '--output',
    inTmp('patience'),
  ]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  expect(ran.stdout).toContain('\nstopped after epoch 2: validation has not got better for 1 epoch\n');
  const finished = /is finished, after 2 epochs [^\n]*; to train it further: npx resnet-ft train --resume \S+ (.*)\n/;
  const ended = await resume(inTmp('patience'));
  expect(finished.exec(ended.stdout)?.[1]).toBe('--patience 2');
  // Epochs alone would train nothing.
  expect((await resume(inTmp('patience'), '--epochs', '60')).stdout).toMatch(finished);
  const longer = await resume(inTmp('patience'), '--patience', '2');
  expect(longer.stdout).toContain('\nstopped after epoch 3: validation has not got better for 2 epochs\n');
});

test('a loss that is not finite goes back once with half the rate, and then ends the run with a hint', async () => {
  const ran = await run([...SHORT_RUN, '--epochs', '2', '--lr', '1e300', '--output', inTmp('diverged')]);
  expect(ran.code).toBe(1);
  expect(ran.stdout).toMatch(
    /\nThe [^\n]* is not finite: back to the checkpoint after 0 steps, and on with half the learning rate\n/,
  );
  // To go on would come to the same.
  expect(ran.stderr).toMatch(
    /^resnet-ft: The [^\n]* is not finite\. Begin a new run in another folder, with a lower learning rate \(--lr\) or --precision fp32\n$/,
  );
});

function flipBit(file: string, at: number): void {
  const bytes = fs.readFileSync(file);
  bytes[at] = (bytes[at] as number) ^ 1;
  fs.writeFileSync(file, bytes);
}

function replaceIn(file: string, text: string, by: string): void {
  const bytes = fs.readFileSync(file);
  const at = bytes.indexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes.write(by, at);
  fs.writeFileSync(file, bytes);
}
