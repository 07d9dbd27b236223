import fs from 'node:fs';
import path from 'node:path';
import { crc32c } from '../../lib/tensorboard/crc32c';
import { EventsFile } from '../../lib/tensorboard/events-file';
import { records, run, scratch } from '../cli/run';
import { describeWithTensorBoard, type Curves } from '../python-tensorboard';
import { SMALL_RUN, startRun } from '../train/small-run';
import { eventFiles, shownEvents } from './read-events';

const tmp = scratch();
const folder = path.join(tmp, 'run');
const events = path.join(folder, 'tensorboard');

/** What the run's own metrics have of a curve. */
function expected(): Curves {
  const all = records(fs.readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8'));
  const steps = all.filter(({ kind }) => kind === 'step');
  const epochs = all.filter(({ kind }) => kind === 'epoch');
  const ofStep = (name: string, factor = 1): Curves[string] =>
    steps.map((one) => [Number(one['step']), factor * Number(one[name])]);
  const ofEpoch = (name: string): Curves[string] =>
    epochs.map((one) => [Math.min(3 * Number(one['epoch']), steps.length), Number(one[name])]);
  return {
    'loss/step': ofStep('loss'),
    // fc has ten times the rate of the others.
    'learning-rate/conv1': ofStep('lr', 0.1),
    'learning-rate/fc': ofStep('lr'),
    epoch: ofEpoch('epoch'),
    'loss/train': ofEpoch('trainLoss'),
    'loss/val': ofEpoch('valLoss'),
    'accuracy/train': ofEpoch('trainAccuracy'),
    'accuracy/val': ofEpoch('valAccuracy'),
  };
}

/** As an event has them: its scalars are float32. */
const asFloats = (curves: Curves): Curves =>
  Object.fromEntries(
    Object.entries(curves).map(([tag, points]) => [tag, points.map(([step, value]) => [step, Math.fround(value)])]),
  );

beforeAll(async () => {
  const args = ['--lr', '0.001', '--lr-head', '0.01', '--schedule', 'cosine', '--no-report', '--quiet'];
  const began = await run([...SMALL_RUN, '--epochs', '1', '--tensorboard', ...args, '--output', folder]);
  expect(began).toMatchObject({ code: 0, stderr: '' });
  // Events of steps that are lost, as a run that was killed leaves them.
  const lost = new EventsFile(events);
  for (const step of [4, 5]) lost.write(step, { kind: 'scalars', scalars: [{ tag: 'loss/step', value: 77 }] });
  lost.close();
  expect(await run(['train', '--resume', folder, '--epochs', '2', '--quiet'])).toMatchObject({ code: 0, stderr: '' });
});

test('CRC-32C of the vectors of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  expect(crc32c(new Uint8Array())).toBe(0);
});

test('every record is whole, with its checksums; a run that goes on begins a file of its own', () => {
  const [first = '', , last = ''] = eventFiles(events);
  expect(path.basename(first)).toMatch(/^events\.out\.tfevents\.\d{10}\.[\w.-]+\.\d+\.0$/);
  const loss = (step: number): string => (expected()['loss/step']?.[step - 1]?.[1] ?? NaN).toFixed(4);
  expect(shownEvents(first).map((line) => line.split(' learning-rate/')[0])).toEqual([
    '0 version brain.Event:2',
    ...[1, 2, 3].map((step) => `${step} loss/step=${loss(step)}`),
    expect.stringMatching(/^3 epoch=1\.0000 loss\/train=/),
  ]);
  expect(shownEvents(last).map((line) => line.split(' learning-rate/')[0])).toEqual([
    ...['0 version brain.Event:2', '4 restart'],
    ...[4, 5, 6].map((step) => `${step} loss/step=${loss(step)}`),
    expect.stringMatching(/^6 epoch=2\.0000 loss\/train=/),
  ]);
});

test('a run that is killed leaves a file that can be read', async () => {
  const output = path.join(tmp, 'killed');
  const child = await startRun(
    ['--epochs', '500', '--tensorboard', '--no-report', '--output', output],
    '"kind":"epoch"',
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
  const [file = ''] = eventFiles(path.join(output, 'tensorboard'));
  expect(shownEvents(file)).toContainEqual(expect.stringMatching(/^3 epoch=1/));
});

test('what can not be written fails no training, and is told once', async () => {
  const output = path.join(tmp, 'file');
  fs.mkdirSync(output);
  fs.writeFileSync(path.join(output, 'tensorboard'), '');
  const args = ['--steps', '2', '--tensorboard', '--no-report', '--json', '--output', output];
  const { code, stdout } = await run([...SMALL_RUN, ...args]);
  expect(code).toBe(0);
  const notes = records(stdout).filter(({ kind }) => kind === 'note');
  expect(notes).toEqual([
    { kind: 'note', note: expect.stringMatching(/^TensorBoard's events are not written any more: /) },
  ]);
});

test('a file sorts after those that are there, however fast they come', () => {
  const files = [1, 2, 3].map(() => {
    const file = new EventsFile(path.join(tmp, 'fast'));
    file.close();
    return file.file;
  });
  expect(eventFiles(path.join(tmp, 'fast'))).toEqual(files);
});

/** A run that was killed within its first epoch, and goes on from its beginning. */
function begunAgain(name: string): string {
  const again = path.join(tmp, name);
  for (const steps of [
    [1, 2, 3, 4],
    [1, 2],
  ]) {
    const file = new EventsFile(again);
    for (const step of steps) {
      file.write(step, { kind: 'scalars', scalars: [{ tag: 'loss/step', value: steps.length + step }] });
    }
    file.close();
  }
  return again;
}

test('of a run that begins again nothing that was written before counts', () => {
  const [first = '', last = ''] = eventFiles(begunAgain('begun-again'));
  expect(shownEvents(first).slice(0, 2)).toEqual(['0 version brain.Event:2', '1 loss/step=5.0000']);
  expect(shownEvents(last)).toEqual([
    ...['0 version brain.Event:2', '1 restart', '1 loss/step=3.0000', '2 loss/step=4.0000'],
  ]);
});

describeWithTensorBoard("TensorBoard's own reader", (read) => {
  test('has the curves of the run, also of its second part, and nothing of the steps that were lost', () => {
    expect(read(events)).toEqual(asFloats(expected()));
  });

  test('has a run that begins again once', () => {
    expect(read(begunAgain('read-again'))).toEqual({
      'loss/step': [
        [1, 3],
        [2, 4],
      ],
    });
  });

  test('reads a file whose last record was cut off', () => {
    const cut = path.join(tmp, 'cut');
    fs.mkdirSync(cut);
    const [first = ''] = eventFiles(events);
    const copy = path.join(cut, path.basename(first));
    fs.copyFileSync(first, copy);
    fs.truncateSync(copy, fs.statSync(copy).size - 7);
    expect(read(cut)['loss/step']).toHaveLength(3);
    expect(read(cut)).not.toHaveProperty('loss/val');
  });
});
