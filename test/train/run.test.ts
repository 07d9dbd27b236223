import fs from 'node:fs';
import path from 'node:path';
import type { TrainResult } from '../../lib/train/events';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { shell } from '../cli/shell';
import { SMALL_RUN } from './small-run';

const tmp = scratch();
const base = [...SMALL_RUN, '--json'];

/** Metadata and tensor names of a safetensors file; throws where the file is not whole. */
function header(file: string): { metadata: Record<string, string>; names: string[] } {
  const bytes = fs.readFileSync(file);
  const length = Number(bytes.readBigUInt64LE());
  const parsed = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const { __metadata__: metadata, ...tensors } = parsed;
  const end = Math.max(...Object.values(tensors).map((tensor) => tensor.data_offsets[1]));
  expect(bytes.length).toBe(8 + length + end);
  return { metadata: metadata as unknown as Record<string, string>, names: Object.keys(tensors) };
}

test('two steps leave config, metrics, weights and predictions', async () => {
  const output = path.join(tmp, 'two-steps');
  const ran = await run([...base, '--image-size', '224', '--steps', '2', '--report', '--output', output]);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const files = [
    'README.md',
    'checkpoints',
    'config.json',
    'last.safetensors',
    'metrics.jsonl',
    'model.safetensors',
    'predictions.jsonl',
    'report.html',
    'report.json',
    'result.json',
  ];
  expect(fs.readdirSync(output).sort()).toEqual(files);

  const metrics = records(fs.readFileSync(path.join(output, 'metrics.jsonl'), 'utf8'));
  expect(metrics.map((record) => record['kind'])).toEqual(['step', 'step', 'epoch']);
  const number = expect.any(Number) as number;
  const step = { kind: 'step', epoch: 1, loss: number, lr: 0.01, images: 4 };
  expect(metrics[0]).toEqual({ ...step, step: 1 });
  expect(metrics[1]).toEqual({ ...step, step: 2 });
  const losses = { trainLoss: number, trainAccuracy: number, valLoss: number, valAccuracy: number };
  expect(metrics[2]).toEqual({ kind: 'epoch', epoch: 1, ...losses, seconds: number });
  expect(records(ran.stdout).filter(({ kind }) => kind === 'step' || kind === 'epoch')).toEqual(metrics);

  const config = JSON.parse(fs.readFileSync(path.join(output, 'config.json'), 'utf8')) as Record<string, unknown>;
  expect(config).toMatchObject({
    classes: ['ants', 'bees'],
    options: { arch: 'resnet18', batchSize: 4, steps: 2, device: 'cpu', precision: 'fp32', momentum: 0.5 },
    preprocessing: { resize: 256, crop: 224 },
    unreadable: [],
  });
  for (const name of ['model.safetensors', 'last.safetensors']) {
    const { metadata, names } = header(path.join(output, name));
    expect(metadata).toMatchObject({ format: 'resnet-ft', arch: 'resnet18', classes: '["ants","bees"]' });
    expect(names).toEqual(expect.arrayContaining(['conv1.weight', 'bn1.running_mean', 'layer4.1.bn2.bias', 'fc.bias']));
  }

  const predictions = records(fs.readFileSync(path.join(output, 'predictions.jsonl'), 'utf8'));
  let correct = 0;
  for (const prediction of predictions) {
    const { file, trueClass, predictedClass, probabilities } = prediction;
    const p = probabilities as { ants: number; bees: number };
    expect(p.ants + p.bees).toBeCloseTo(1, 12);
    expect(predictedClass).toBe(p.ants >= p.bees ? 'ants' : 'bees');
    expect(path.basename(path.dirname(String(file)))).toBe(trueClass);
    if (trueClass === predictedClass) correct++;
  }
  expect(correct / predictions.length).toBeCloseTo(Number(metrics[2]?.['valAccuracy']), 12);

  const { perClass } = JSON.parse(fs.readFileSync(path.join(output, 'result.json'), 'utf8')) as TrainResult;
  const count = (of: object): number =>
    predictions.filter((one) => Object.entries(of).every(([key, value]) => one[key] === value)).length;
  for (const { name, support, predicted, correct: right } of perClass) {
    expect(support).toBe(count({ trueClass: name }));
    expect(predicted).toBe(count({ predictedClass: name }));
    expect(right).toBe(count({ trueClass: name, predictedClass: name }));
  }
  expect(perClass.map(({ name }) => name)).toEqual(['ants', 'bees']);
});

test('for a person a run ends with the figures of its classes and where the model is', async () => {
  const output = path.join(tmp, 'for-a-person');
  const ran = await run([...SMALL_RUN, '--steps', '1', '--output', output]);
  expect(ran.code).toBe(0);
  // Of fifty epochs it comes to one.
  expect(ran.stdout).toContain('\nepoch 1/1  train loss ');
  expect(ran.stdout).toMatch(
    /\n\nclass +images +precision +recall +F1\nants +4 [^\n]+\nbees +4 [^\n]+\n\nbest epoch 1: [^\n]+; saved in [^\n]+\n$/,
  );
  const quiet = await run([...SMALL_RUN, '--steps', '1', '--quiet', '--output', `${output}-quietly`]);
  expect(quiet.stdout).toMatch(/^best epoch 1: [^\n]+\n$/);
});

test('a run starts from the weights of another, and --skip-unreadable lists what it skipped', async () => {
  const data = path.join(tmp, 'photos');
  fs.cpSync(ANTS_BEES, data, { recursive: true });
  fs.writeFileSync(path.join(data, 'train', 'ants', 'text.jpg'), 'this is no image');
  const first = path.join(tmp, 'two-steps', 'last.safetensors');
  const output = path.join(tmp, 'second');
  const args = ['--weights', first, '--train-from', 'fc', '--skip-unreadable', '--steps', '1', '--output', output];
  const ran = await run(['train', data, ...base.slice(2), ...args]);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const skipped = records(fs.readFileSync(path.join(output, 'skipped.jsonl'), 'utf8'));
  expect(skipped).toEqual([
    { file: expect.stringContaining('text.jpg') as string, reason: expect.any(String) as string },
  ]);
});

test('figures with images that are skipped are those without them', async () => {
  const data = path.join(tmp, 'gaps');
  fs.cpSync(ANTS_BEES, data, { recursive: true });
  const figuresOf = async (name: string): Promise<unknown[]> => {
    const output = path.join(tmp, name);
    const args = [...SMALL_RUN.slice(2), '--epochs', '2', '--skip-unreadable', '--train-from', 'fc'];
    const ran = await run(['train', data, ...args, '--output', output]);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    const metrics = records(fs.readFileSync(path.join(output, 'metrics.jsonl'), 'utf8'));
    const predictions = fs.readFileSync(path.join(output, 'predictions.jsonl'), 'utf8');
    return [metrics.map(({ seconds, ...figures }) => [typeof seconds, figures]), predictions];
  };
  const without = await figuresOf('gaps-without');
  // The first of all, one between two classes, and one of the validation.
  for (const name of ['train/ants/0.jpg', 'train/bees/0.jpg', 'val/bees/0.jpg']) {
    fs.writeFileSync(path.join(data, name), 'this is no image');
  }
  expect(await figuresOf('gaps-with')).toEqual(without);
});

test('what was skipped and passed over is told, and the epochs count what is left', async () => {
  const data = path.join(tmp, 'mixed');
  fs.cpSync(ANTS_BEES, data, { recursive: true });
  fs.writeFileSync(path.join(data, 'val', 'ants', 'text.jpg'), 'this is no image');
  fs.writeFileSync(path.join(data, 'val', 'bees', 'text.png'), 'this is no image');
  const ants = path.join(data, 'train', 'ants');
  for (const name of ['a.GIF', 'b.gif', 'c.heic', 'noextension', '.DS_Store', 'Thumbs.db', 'odd.\u001b[31m']) {
    fs.writeFileSync(path.join(ants, name), '');
  }
  const args = ['train', data, ...SMALL_RUN.slice(2), '--skip-unreadable', '--steps', '1'];
  const ran = await run([...args, '--output', path.join(tmp, 'mixed-run')]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  expect(ran.stdout).toMatch(/^12 training and 10 validation images/);
  expect(ran.stdout).toMatch(
    /^ignored 5 files whose names have no image extension: 2 \.gif, 2 with an unusual extension or none, 1 \.heic$/m,
  );
  expect(ran.stdout).toMatch(/^epoch 1\/.* acc [\d.]+ % \([0-8]\/8\) /m);

  const json = await run([...args, '--json', '--output', path.join(tmp, 'mixed-json')]);
  const kinds = { '.gif': 2, '.heic': 1, other: 2 };
  expect(records(json.stdout)).toContainEqual({ kind: 'passed-over', files: 5, kinds });
  expect(records(json.stdout)).toContainEqual(expect.objectContaining({ kind: 'start', images: 12, valImages: 8 }));
  const evaluated = await run(['eval', path.join(tmp, 'mixed-run'), path.join(data, 'train'), '--device', 'cpu']);
  expect(evaluated.stdout).toMatch(
    /^ignored 5 files whose names have no image extension: 2 \.gif, 2 with an unusual extension or none, 1 \.heic$/m,
  );
});

test('Ctrl-C stops within a batch, leaves whole files and ends with 130', async () => {
  const output = path.join(tmp, 'stopped');
  let sent = false;
  const ran = await run([...base, '--epochs', '1000', '--report', '--output', output], {
    onStdout: (text, child) => {
      if (sent || !text.includes('"kind":"step"')) return;
      sent = true;
      child.kill('SIGINT');
    },
  });
  expect(ran.code).toBe(130);
  expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
  expect(fs.readdirSync(output).sort()).toEqual([
    ...['README.md', 'checkpoints', 'config.json', 'last.safetensors', 'metrics.jsonl', 'report.html', 'report.json'],
  ]);
  expect(records(fs.readFileSync(path.join(output, 'metrics.jsonl'), 'utf8')).length).toBeLessThanOrEqual(3);
  header(path.join(output, 'last.safetensors'));
});

test('bfloat16 trains like float32 but for its rounding, and validates in float32 on a CPU', async () => {
  const losses = async (precision: string): Promise<{ steps: number[]; val: number; output: string }> => {
    const output = path.join(tmp, precision);
    const of = ['--image-size', '128', '--precision', precision, '--steps', '2'];
    const ran = await run([...base, ...of, '--output', output]);
    expect(ran.code).toBe(0);
    const found = records(ran.stdout);
    const steps = found.filter(({ kind }) => kind === 'step').map(({ loss }) => Number(loss));
    return { steps, val: Number(found.find(({ kind }) => kind === 'epoch')?.['valLoss']), output };
  };
  const [half, single] = [await losses('bf16'), await losses('fp32')];
  expect(half.steps).not.toEqual(single.steps);
  half.steps.forEach((loss, i) => expect(Math.abs(loss - (single.steps[i] ?? NaN))).toBeLessThan(0.05));

  const evaluated = await run(['eval', half.output, ANTS_BEES, '--device', 'cpu', '--precision', 'fp32', '--json']);
  expect((JSON.parse(evaluated.stdout) as { loss: number }).loss).toBeCloseTo(half.val, 5);
});

test('an output folder among the images is refused, for it would be a class of the next training', async () => {
  const data = path.join(tmp, 'outputs-beside');
  fs.cpSync(ANTS_BEES, data, { recursive: true });
  const link = path.join(tmp, 'link');
  fs.symlinkSync(path.join(data, 'val'), link);
  const before = fs.readdirSync(data, { recursive: true });
  const ofData = SMALL_RUN.map((arg) => (arg === ANTS_BEES ? data : arg));
  for (const output of [path.join(data, 'train'), path.join(data, 'train', 'a', 'run'), path.join(link, 'run')]) {
    const ran = await run([...ofData, '--steps', '1', '--output', output]);
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^resnet-ft: The output folder \S+ would be among the images: each folder in \S+ is a class\. Choose another folder with --output\n$/,
      ) as string,
    ]);
  }
  expect(fs.readdirSync(data, { recursive: true })).toEqual(before);
  // Beside them there may be runs.
  const beside = await run([...ofData, '--steps', '1', '--output', path.join(data, 'runs', 'one')]);
  expect(beside).toMatchObject({ code: 0, stderr: '' });
});

test('so is the default one, of a training in the folder of classes', async () => {
  const classes = path.join(tmp, 'classes');
  fs.cpSync(path.join(ANTS_BEES, 'train'), classes, { recursive: true });
  const args = SMALL_RUN.map((arg) => (arg === ANTS_BEES ? '.' : arg));
  const ran = await shell(`resnet-ft ${args.join(' ')} --val-split 0.25 --steps 1`, classes);
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('would be among the images') as string]);
  expect(fs.readdirSync(classes).sort()).toEqual(['ants', 'bees']);
});
