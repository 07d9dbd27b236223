import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, run, scratch } from '../cli/run';
import { resultsOf } from './resume-runs';
import { TOGETHER, Trainer } from './same-twice';

// Every combination of options once more: stopped and gone on with, on two threads, and in two processes that train together.

const tmp = scratch();
const [one, other] = ['one', 'other'].map((name) => new Trainer(path.join(tmp, name))) as [Trainer, Trainer];
afterAll(() => [one, other].forEach((trainer) => trainer.end()));

describe.each(Object.entries(TOGETHER))('%s', (_, changes) => {
  test.each([1, 2])('stopped at step %d and gone on with, it comes to the same bits', async (stopAt) => {
    const [whole, inParts] = await Promise.all([
      one.outcome(changes),
      other.outcome({ ...changes, checkpointEvery: '1' }, { stopAt }),
    ]);
    expect(inParts).toEqual(whole);
  });

  test('on two threads it is the same each time, where folders are listed in another order too', async () => {
    const threads = { ...changes, threads: 2, cropMemory: '0', augmentThreads: 2 };
    const first = await one.outcome(threads);
    expect(await other.outcome(threads, { backwards: true })).toEqual(first);
  });
});

test('two processes that train together come to the same each time', async () => {
  const together = async (name: string): Promise<Record<string, unknown>> => {
    const output = path.join(tmp, name);
    const ran = await run([
      ...['train', ANTS_BEES, '--nproc', '2', '--weights', 'none', '--arch', 'resnet18', '--image-size', '64'],
      ...['--batch-size', '6', '--epochs', '2', '--device', 'cpu', '--precision', 'fp32', '--threads', '1'],
      ...['--crop-cache', '0', '--checkpoint-every', 'never', '--no-report', '--no-card', '--output', output],
      ...['--crop-scale', '0.35..1', '--mixup', '0.2', '--ema', '0.9'],
    ]);
    expect(ran).toMatchObject({ code: 0 });
    const results = await resultsOf(output);
    fs.rmSync(output, { recursive: true });
    return results;
  };
  expect(await together('again')).toEqual(await together('first'));
});
