import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, records, run, scratch, type Outcome } from '../cli/run';
import { slowRows } from '../slow';
import { resultsOf } from './resume-runs';
import { startRun } from './small-run';
import { once } from 'node:events';

// The recipes on a network that was made here: what they do, not how well.

const tmp = scratch();
const inTmp = (name: string): string => path.join(tmp, name);
const MACHINE = ['--device', 'cpu', '--precision', 'fp32', '--threads', '1', '--image-size', '64', '--batch-size', '4'];
const train = (...args: string[]): Promise<Outcome> =>
  run(['train', ANTS_BEES, ...MACHINE, '--weights', inTmp('start'), '--json', ...args]);
const kindsOf = (stdout: string, kind: string) => records(stdout).filter((record) => record['kind'] === kind);
const notesOf = (stdout: string): string[] => kindsOf(stdout, 'note').map(({ note }) => String(note));
const optionsOf = (name: string): Record<string, unknown> =>
  (JSON.parse(fs.readFileSync(path.join(inTmp(name), 'config.json'), 'utf8')) as { options: Record<string, unknown> })
    .options;

beforeAll(async () => {
  const begin = ['--weights', 'none', '--arch', 'resnet18', '--epochs', '1', '--output', inTmp('start')];
  expect(await run(['train', ANTS_BEES, ...MACHINE, ...begin])).toMatchObject({ code: 0, stderr: '' });
});

test.each<[string, string[]]>([
  ...slowRows<[string, string[]]>(['images', []]),
  // Three: the features of a plain image would stand where another one's of a view belong.
  ['views', ['--cache-views', '3', '--color-jitter', '0.8']],
])('linear chooses a rate on images held out, and trains fc on %s', async (what, more) => {
  const output = inTmp(`linear-${what}`);
  const ran = await train('--recipe', 'linear', '--epochs', '2', ...more, '--output', output);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  const [, lr] =
    /^learning rate (\S+): of 7 from 0\.001 to 1, .* on 2 training images held out$/.exec(
      notesOf(ran.stdout)[0] ?? '',
    ) ?? [];
  expect(optionsOf(`linear-${what}`)).toMatchObject({
    recipe: 'linear',
    trainFrom: 'fc',
    lr: Number(lr),
    chooseLr: true,
  });
  // The run itself begins where it would have without the trials.
  const plain = ['--train-from', 'fc', '--momentum', '0.9', '--schedule', 'cosine', '--lr', lr as string, ...more];
  expect((await train(...plain, '--epochs', '2', '--output', inTmp(`plain-${what}`))).code).toBe(0);
  expect((await resultsOf(output))['last']).toBe((await resultsOf(inTmp(`plain-${what}`)))['last']);
});

test('the head is first trained as a run of fc alone trains it', async () => {
  const head = ['--lr', '0.05', '--momentum', '0.9', '--seed', '3'];
  const alone = await train(
    ...head,
    '--train-from',
    'fc',
    '--schedule',
    'cosine',
    '--epochs',
    '3',
    '--output',
    inTmp('alone'),
  );
  const before = await train(...head, '--head-epochs', '3', '--steps', '1', '--output', inTmp('before'));
  expect([before.code, before.stderr]).toEqual([0, '']);
  const figures = ({ epoch, valLoss, valAccuracy }: Record<string, unknown>) => ({ epoch, valLoss, valAccuracy });
  expect(kindsOf(before.stdout, 'head').map(figures)).toEqual(kindsOf(alone.stdout, 'epoch').map(figures));
});

test('finetune goes on to the bit, also where it was stopped while it trained the head', async () => {
  const args = [
    ANTS_BEES,
    ...MACHINE,
    '--weights',
    inTmp('start'),
    '--recipe',
    'finetune',
    '--epochs',
    '2',
    '--head-epochs',
    '2',
  ];
  const whole = await run(['train', ...args, '--output', inTmp('whole')]);
  expect([whole.code, whole.stderr]).toEqual([0, '']);
  expect(whole.stdout).toMatch(
    /\nthe head alone first: 2 epochs of fc, on features that are computed once\nhead after 2 epochs {2}val loss [\d.]+ acc [\d.]+ %\n/,
  );
  const expected = await resultsOf(inTmp('whole'));
  for (const until of ['"kind":"head"', '"step":4,']) {
    const output = inTmp(until.replace(/\W/g, ''));
    const child = await startRun(args.slice(1).concat('--output', output), until);
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(await run(['train', '--resume', output])).toMatchObject({ code: 0, stderr: '' });
    expect(await resultsOf(output)).toEqual(expected);
  }
});

describe('auto', () => {
  const data = inTmp('more');
  beforeAll(() => {
    for (const split of ['train', 'val']) {
      for (const name of ['ants', 'bees']) {
        const from = path.join(ANTS_BEES, split, name);
        const to = path.join(data, split, name);
        fs.mkdirSync(to, { recursive: true });
        const copies = split === 'train' ? 2 : 1;
        for (const file of fs.readdirSync(from)) {
          for (let copy = 0; copy < copies; copy++)
            fs.copyFileSync(path.join(from, file), path.join(to, `${copy}-${file}`));
        }
      }
    }
  });
  const auto = (...args: string[]): Promise<Outcome> =>
    run(['train', data, ...MACHINE, '--recipe', 'auto', '--epochs', '1', '--steps', '1', '--json', ...args]);

  test.each([
    ...slowRows<[string[], string, RegExp]>([
      ['--max-time', '1h'],
      'finetune',
      /^recipe finetune: training everything takes about \d+ s, within the 1h that there are$/,
    ]),
    [[], 'finetune', /within an hour, and --max-time says nothing$/],
    [
      ['--max-time', '0.001s'],
      'linear',
      /^recipe linear: training everything would take about \d+ s, more than the 0\.001s /,
    ],
    [['--backend', 'js'], 'linear', /^recipe linear: the backend js \(\w+\) has no random resized crops/],
  ])('with %j is %s', async (given, recipe, why) => {
    const output = inTmp(`auto-${given.join('')}`);
    const ran = await auto('--weights', inTmp('start'), '--lr', '0.01', ...given, '--output', output);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(notesOf(ran.stdout)[0]).toMatch(why);
    expect(optionsOf(path.basename(output))['recipe']).toBe(recipe);
  });

  test.each([
    // The few images of each class would be linear's otherwise, as would the time.
    [['--head-epochs', '1', '--max-time', '0.001s'], 'finetune', 'head-epochs', ''],
    ...slowRows<[string[], string, string, string]>(
      [['--train-from', 'layer4'], 'finetune', 'train-from layer4', ''],
      [['--head-epochs', '1', '--backend', 'js'], 'tutorial', 'head-epochs', ', and the backend js '],
    ),
  ])('with %j is no linear, which they rule out', async (given, recipe, option, besides) => {
    const output = inTmp(`auto-not-linear${given.join('')}`);
    const ran = await train('--recipe', 'auto', '--epochs', '1', ...given, '--output', output);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    const why = `recipe ${recipe}: with --${option} more than the last layer is trained${besides}`;
    expect(notesOf(ran.stdout)[0]?.slice(0, why.length)).toBe(why);
    expect(optionsOf(path.basename(output))['recipe']).toBe(recipe);
  });

  test('without weights is the tutorial, and with few images linear', async () => {
    const scratchRun = await auto('--weights', 'none', '--arch', 'resnet18', '--output', inTmp('auto-none'));
    expect(notesOf(scratchRun.stdout)[0]).toMatch(/^recipe tutorial: without weights/);
    const few = await train('--recipe', 'auto', '--epochs', '1', '--output', inTmp('auto-few'));
    expect(notesOf(few.stdout)[0]).toMatch(/^recipe linear: a class has 6 training images, too few/);
  });
});

test('a plan that ends within its warm-up is refused: going on with it would be', async () => {
  const output = inTmp('warm');
  const ran = await train('--max-time', '0.001s', '--schedule', 'cosine', '--warmup', '2', '--output', output);
  expect(ran).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Expected fewer steps than the 1 of the run for --warmup but received 2'),
  });
  expect(fs.existsSync(output)).toBe(false);
});

test('--max-time plans epochs, or steps where no epoch fits, and the plan holds for a resumed run', async () => {
  const ran = await train('--max-time', '10s', '--train-from', 'fc', '--epochs', '3', '--output', inTmp('time'));
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  expect(notesOf(ran.stdout)[0]).toMatch(/^planned for 10s: \d epochs?, in about \d+ s$/);
  const short = await train('--max-time', '0.001s', '--output', inTmp('short'));
  expect(notesOf(short.stdout)[0]).toBe('planned for 0.001s: 1 of the 3 steps of an epoch, in about 1 s');
  expect(optionsOf('short')).toMatchObject({ epochs: 1, steps: 1, maxTime: '0.001s' });
  expect((await run(['train', '--resume', inTmp('short')])).stdout).toContain('is finished');
});
