import fs from 'node:fs';
import path from 'node:path';
import { spreadOf } from '../../lib/eval/student';
import { wilsonInterval } from '../../lib/eval/wilson';
import { OutputFolder } from '../../lib/files/output-folder';
import { checkInput } from '../../lib/repeats/plan';
import type { RepeatEvent, RepeatResult } from '../../lib/repeats/types';
import { ANTS_BEES, records, run, scratch, type Outcome } from '../cli/run';
import { callApi } from '../predict/call-api';
import { resultsOf } from '../train/resume-runs';

// Several trainings that give one figure: folds, and seeds.

const tmp = scratch();
const inTmp = (name: string): string => path.join(tmp, name);
const FAST = [
  ...['--weights', 'none', '--arch', 'resnet18', '--train-from', 'fc', '--image-size', '64', '--batch-size', '4'],
  ...['--epochs', '2', '--device', 'cpu', '--precision', 'fp32', '--threads', '1'],
];
const train = (...args: string[]): Promise<Outcome> => run(['train', ...args]);
const folds = (output: string, ...more: string[]): Promise<Outcome> =>
  train(ANTS_BEES, ...FAST, '--folds', '3', '--output', inTmp(output), ...more);
const read = (...names: string[]): string => fs.readFileSync(path.join(tmp, ...names), 'utf8');
const resultIn = (output: string, file = 'folds.json'): RepeatResult => JSON.parse(read(output, file)) as RepeatResult;
const FOLDS = ['fold-1', 'fold-2', 'fold-3'];

let whole: Outcome;
beforeAll(async () => {
  whole = await folds('whole', '--json');
}, 120_000);

describe('--folds', () => {
  test('validates every image of the training folder exactly once, in an ordinary run for each fold', () => {
    expect([whole.code, whole.stderr]).toEqual([0, '']);
    const predictions = records(read('whole', 'predictions.jsonl'));
    const files = ['ants', 'bees'].flatMap((name) => {
      const folder = path.join(ANTS_BEES, 'train', name);
      return fs.readdirSync(folder).map((file) => path.join(folder, file));
    });
    expect(predictions.map(({ file }) => file).sort()).toEqual(files.sort());
    for (const [i, name] of FOLDS.entries()) {
      const own = records(read('whole', name, 'predictions.jsonl'));
      expect(own).toHaveLength(4);
      expect(predictions.filter(({ fold }) => fold === i + 1)).toEqual(own.map((one) => ({ fold: i + 1, ...one })));
      const config = JSON.parse(read('whole', name, 'config.json')) as { options: object };
      expect(config.options).toMatchObject({ fold: `${i + 1}/3`, keep: 'last' });
    }
  });

  test('gives the figures of the folds, and those of all images together', () => {
    const result = resultIn('whole');
    const predictions = records(read('whole', 'predictions.jsonl'));
    const right = predictions.filter(({ trueClass, predictedClass }) => trueClass === predictedClass);
    const accuracies = [1, 2, 3].map((n) => right.filter(({ fold }) => fold === n).length / 4);
    expect(result.runs.map(({ accuracy }) => accuracy)).toEqual(accuracies);
    const { mean, deviation } = spreadOf(accuracies);
    expect([result.accuracy.mean, result.accuracy.deviation]).toEqual([mean, deviation]);
    expect(result.accuracy.interval.low).toBeGreaterThanOrEqual(0);
    expect(result.pooled).toEqual({
      ...{ images: 12, correct: right.length, accuracy: right.length / 12 },
      interval: wilsonInterval(right.length, 12),
    });
    expect(result.perClass.map(({ name, support, correct }) => [name, support, correct])).toEqual(
      ['ants', 'bees'].map((name) => [name, 6, right.filter(({ trueClass }) => trueClass === name).length]),
    );
    expect(result.loss).toEqual(spreadOf(result.runs.map(({ loss }) => loss)));
    expect(result.cautions).toEqual([]);
  });

  test('its records tell which fold they are of', () => {
    const events = records(whole.stdout);
    const trained = events.filter(({ kind }) => kind === 'train') as {
      run: { number: number };
      event: { kind: string };
    }[];
    for (const number of [1, 2, 3]) {
      const kinds = trained.filter((one) => one.run.number === number).map(({ event }) => event.kind);
      expect(kinds.filter((kind) => kind === 'epoch')).toHaveLength(2);
      expect(kinds.at(-1)).toBe('done');
    }
    expect(events.filter(({ kind }) => kind === 'run').map(({ run: one }) => (one as { name: string }).name)).toEqual(
      FOLDS,
    );
    expect(events.at(-1)).toEqual({ kind: 'done', ...resultIn('whole') });
  });

  test('a fold is what train --fold gives, to the bit', async () => {
    const one = await train(ANTS_BEES, ...FAST, '--fold', '2/3', '--keep', 'last', '--output', inTmp('one'));
    expect([one.code, one.stderr]).toEqual([0, '']);
    expect(await resultsOf(inTmp('one'))).toEqual(await resultsOf(path.join(inTmp('whole'), 'fold-2')));
  });

  test('a folder that somebody removes meanwhile is named in one line', async () => {
    const args = ['train', ANTS_BEES, ...FAST, '--folds', '3', '--output', inTmp('removed')];
    const gone = await run(args, {
      onStdout: (text) => {
        if (text.includes('fold 1/3  epoch 1/2')) fs.rmSync(inTmp('removed'), { recursive: true, force: true });
      },
    });
    expect(gone.code).toBe(1);
    // What could not be written, not that the folder could not be looked at afterwards.
    expect(gone.stderr).toMatch(/^resnet-ft: cannot write \S+\/removed\/fold-1\/\S+: no such file [^\n]+\n$/);
  });

  test('stopped, killed and begun again, it comes to the same', async () => {
    const args = ['train', ANTS_BEES, ...FAST, '--folds', '3', '--output', inTmp('parts')];
    const stopped = await run(args, {
      onStdout: (text, child) => {
        if (text.includes('fold 2/3  epoch 1/2')) child.kill('SIGINT');
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/Go on with: npx resnet-ft train --resume \S+\/parts\n$/);
    expect(fs.existsSync(path.join(inTmp('parts'), 'fold-3'))).toBe(false);
    const model = path.join(inTmp('parts'), 'fold-1', 'model.safetensors');
    const { mtimeMs } = fs.statSync(model);

    await run(['train', '--resume', inTmp('parts')], {
      onStdout: (text, child) => {
        if (text.includes('fold 3/3  epoch 1/2')) child.kill('SIGKILL');
      },
    });
    expect(fs.existsSync(path.join(inTmp('parts'), 'folds.json'))).toBe(false);

    // The very command that began them.
    const ended = await run(args);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout.match(/^fold \d\/3 {2}is finished already$/gm)).toHaveLength(2);
    expect(fs.statSync(model).mtimeMs).toBe(mtimeMs);
    for (const name of FOLDS) {
      expect(await resultsOf(path.join(inTmp('parts'), name))).toEqual(
        await resultsOf(path.join(inTmp('whole'), name)),
      );
    }
    const figures = ({ accuracy, loss, pooled, perClass }: RepeatResult): object => ({
      accuracy,
      loss,
      pooled,
      perClass,
    });
    expect(figures(resultIn('parts'))).toEqual(figures(resultIn('whole')));
    expect(resultIn('parts').runs.map(({ reused }) => reused)).toEqual([true, true, false]);
    expect(read('parts', 'predictions.jsonl')).toBe(read('whole', 'predictions.jsonl'));
  }, 60_000);

  test('where all are finished it shows the table again; --quiet shows nothing else', async () => {
    const again = await train('--resume', inTmp('whole'), '--quiet');
    expect([again.code, again.stderr]).toEqual([0, '']);
    const { runs, pooled } = resultIn('whole');
    const lines = again.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^ +right +accuracy +loss$/);
    expect(lines.slice(1, 4).map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual(
      runs.map(({ number, correct }) => [`fold ${number}`, `${correct}/4`]),
    );
    expect(lines[4]).toMatch(/^mean /);
    expect(lines[5]).toMatch(/^standard deviation /);
    expect(lines[7]).toMatch(/^95 % interval over the 3 folds \(Student's t\): [\d.]+ to [\d.]+ %$/);
    expect(lines.at(-1)).toMatch(
      new RegExp(`^95 % interval over the 12 images \\(Wilson\\), ${pooled.correct} right: [\\d.]+ to [\\d.]+ %$`),
    );
    expect(lines).toHaveLength(9);
  });

  test('moved or copied, they are those of the folder in which they are now', async () => {
    fs.cpSync(inTmp('whole'), inTmp('copy'), { recursive: true });
    const lines = read('copy', 'fold-1', 'predictions.jsonl').trimEnd().split('\n').slice(1);
    fs.writeFileSync(path.join(inTmp('copy'), 'fold-1', 'predictions.jsonl'), `${lines.join('\n')}\n`);
    const copied = await train('--resume', inTmp('copy'));
    expect([copied.code, copied.stderr]).toEqual([0, '']);
    expect(records(read('copy', 'predictions.jsonl'))).toHaveLength(11);
    expect(resultIn('copy').runs.map(({ folder }) => folder)).toEqual(
      FOLDS.map((name) => path.join(inTmp('copy'), name)),
    );

    fs.renameSync(inTmp('copy'), inTmp('moved'));
    fs.rmSync(path.join(inTmp('moved'), 'fold-1', 'predictions.jsonl'));
    const missing = await train('--resume', inTmp('moved'));
    expect(missing.code).toBe(1);
    // Nothing that was trained is to be thrown away for that.
    expect(missing.stderr).toMatch(
      /\/moved\/fold-1\/predictions\.jsonl can't be read: [^\n]*\. Remove result\.json beside it, and go on: [^\n]*\n$/,
    );
    fs.rmSync(path.join(inTmp('moved'), 'fold-1', 'result.json'));
    const ended = await train('--resume', inTmp('moved'));
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout).not.toMatch(/epoch \d\/2/);
    expect(read('moved', 'predictions.jsonl')).toBe(read('whole', 'predictions.jsonl'));
  }, 60_000);

  test('while they are made longer there are no figures of before', async () => {
    fs.cpSync(inTmp('whole'), inTmp('lengthened'), { recursive: true });
    let sent = false;
    const stopped = await run(['train', '--resume', inTmp('lengthened'), '--epochs', '500', '--json'], {
      onStdout: (text, child) => {
        if (!sent && text.includes('"kind":"step"')) sent = child.kill('SIGINT');
      },
    });
    expect(stopped.code).toBe(130);
    for (const file of ['folds.json', 'predictions.jsonl'])
      expect([file, fs.existsSync(path.join(inTmp('lengthened'), file))]).toEqual([file, false]);
  }, 60_000);

  test('without checkpoints one that was stopped begins again, and what it left is set aside', async () => {
    const args = [
      'train',
      ANTS_BEES,
      ...FAST,
      '--folds',
      '2',
      '--checkpoint-every',
      'never',
      '--output',
      inTmp('never'),
    ];
    const stopped = await run(args, {
      onStdout: (text, child) => {
        if (text.includes('fold 1/2  epoch 1/2')) child.kill('SIGINT');
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/Go on with: npx resnet-ft train --resume \S+\/never\n$/);
    const ended = await train('--resume', inTmp('never'));
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(fs.readdirSync(inTmp('never'))).toContain('fold-1.unfinished-1');
  }, 30_000);

  test.each([
    [['--lr', '0.1'], 'Expected 0.01, as when the run began, for --lr but received 0.1'],
    [['--folds', '4'], 'Expected 3, as when the trainings began, for --folds but received 4'],
    [['--seeds', '3'], "--seeds can't be used with --folds"],
    [['--val', ANTS_BEES], "--val can't be used with --folds"],
    [['--val-split', '0.5'], "--val-split can't be used with --folds"],
    [['--max-time', '1h'], "--max-time can't be used with --folds"],
    [['--fold', '1/3'], "--fold can't be used with --folds"],
  ])('%j is refused', async (given, message) => {
    const before = fs.readdirSync(inTmp('whole')).sort();
    const ran = await folds('whole', ...given);
    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr.startsWith(`resnet-ft: ${message}. `)).toBe(true);
    expect(fs.readdirSync(inTmp('whole')).sort()).toEqual(before);
  });

  test('a file of the name of the plan that is none stays', async () => {
    fs.mkdirSync(inTmp('mine'));
    fs.writeFileSync(path.join(inTmp('mine'), 'repeats.json'), '{"what": "mine"}');
    for (const how of ['--output', '--resume']) {
      const ran = await train(ANTS_BEES, ...FAST, '--folds', '3', how, inTmp('mine'));
      expect([ran.code, ran.stdout]).toEqual([1, '']);
      expect(ran.stderr).toContain('repeats.json is damaged, or of another version');
      expect(read('mine', 'repeats.json')).toBe('{"what": "mine"}');
    }
  });

  test('a class with too few images is named, and no folder is left', async () => {
    const ran = await train(ANTS_BEES, ...FAST, '--folds', '7', '--output', inTmp('many'));
    // No line of a fold that never begins.
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toMatch(/train: too few images for 7 folds: ants \(6\), bees \(6\)\. /);
    expect(fs.existsSync(inTmp('many'))).toBe(false);
  });

  test('one process at a time has the folder', async () => {
    const held = await OutputFolder.take(inTmp('whole'));
    const ran = await train('--resume', inTmp('whole'));
    await held.release();
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(new RegExp(`whole is in use by process ${process.pid}`));
  });

  test('a folder holds either one run or several', async () => {
    const inside = await train(ANTS_BEES, ...FAST, '--output', inTmp('whole'));
    expect([inside.code, inside.stderr]).toEqual([
      1,
      expect.stringMatching(/whole holds several trainings \(repeats\.json\)/),
    ]);
    const over = await folds(path.join('whole', 'fold-1'));
    expect([over.code, over.stderr]).toEqual([1, expect.stringMatching(/fold-1 holds a run already/)]);
    const nothing = await train('--resume', inTmp('nothing'), '--folds', '3');
    expect([nothing.code, nothing.stderr]).toEqual([
      1,
      expect.stringMatching(/nothing: there are no trainings to go on with/),
    ]);
    expect(fs.existsSync(inTmp('nothing'))).toBe(false);
  });
});

describe('--seeds', () => {
  test('has a last seed that is one, or is refused before the first training', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const ran = await train(ANTS_BEES, ...FAST, '--seed', `${most - 1}`, '--seeds', '3', '--output', inTmp('beyond'));
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(`Expected an integer of at most ${most - 2}, with --seeds 3, for --seed but received`);
    expect(() => checkInput('seeds', { data: 'photos', seeds: 3, seed: most - 2 })).not.toThrow();
    expect(() => checkInput('folds', { data: 'photos', folds: 3, seed: most })).not.toThrow();
    expect(fs.existsSync(inTmp('beyond'))).toBe(false);
  });

  test('trains with one seed after another; what they validate again counts once', async () => {
    const ran = await train(ANTS_BEES, ...FAST, '--seed', '4', '--seeds', '2', '--output', inTmp('seeds'));
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toContain('seed 5 (2/2)  epoch 2/2');
    const result = resultIn('seeds', 'seeds.json');
    expect(result.runs.map(({ name, seed, images }) => [name, seed, images])).toEqual([
      ['seed-4', 4, 8],
      ['seed-5', 5, 8],
    ]);
    const mean = result.runs.reduce((sum, { correct }) => sum + correct, 0) / 2;
    expect(result.pooled).toMatchObject({ images: 8, correct: mean, interval: wilsonInterval(mean, 8) });
    const predictions = records(read('seeds', 'predictions.jsonl'));
    expect(predictions.map(({ seed }) => seed)).toEqual([...Array<number>(8).fill(4), ...Array<number>(8).fill(5)]);
    expect(result.perClass.map(({ support }) => support)).toEqual([8, 8]);

    const one = await train(ANTS_BEES, ...FAST, '--seed', '5', '--keep', 'last', '--output', inTmp('seed'));
    expect(one.code).toBe(0);
    expect(await resultsOf(inTmp('seed'))).toEqual(await resultsOf(path.join(inTmp('seeds'), 'seed-5')));
  }, 30_000);

  test('they can be made longer', async () => {
    const ran = await train('--resume', inTmp('seeds'), '--epochs', '3');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout.match(/epoch 3\/3/g)).toHaveLength(2);
    expect(ran.stdout).not.toMatch(/epoch [12]\/3/);
  }, 30_000);
});

describe('a program', () => {
  const OPTIONS = {
    ...({ data: ANTS_BEES, weights: 'none', arch: 'resnet18', trainFrom: 'fc', imageSize: 64, batchSize: 4 } as const),
    ...({ epochs: 2, device: 'cpu', precision: 'fp32', threads: 1, cropCache: '0' } as const),
  };

  test('stops it by a signal, goes on with it, and is told what makes the figures too good', async () => {
    const told = await callApi(
      async ({ api, codeOf }, options) => {
        const stop = new AbortController();
        const epochs: string[] = [];
        const onEvent = (event: RepeatEvent): void => {
          if (event.kind !== 'train' || event.event.kind !== 'epoch') return;
          epochs.push(`${event.run.number}/${event.run.count}: ${event.event.epoch}`);
          stop.abort();
        };
        const stopped = await codeOf(api.crossValidate(options, { signal: stop.signal, onEvent }));
        const one = await codeOf(api.train({ resume: options.output }));
        const result = await api.crossValidate({ resume: options.output }, { onEvent });
        return { stopped, one, epochs, result };
      },
      { ...OPTIONS, folds: 2, keep: 'best' as const, output: inTmp('api') },
    );
    expect([told.stopped, told.one]).toEqual(['ABORTED', 'CHECKPOINT_INVALID']);
    expect(told.epochs).toEqual(['1/2: 1', '1/2: 2', '2/2: 1', '2/2: 2']);
    expect(told.result).toEqual(resultIn('api'));
    expect(told.result.pooled.images).toBe(12);
    expect(told.result.cautions).toEqual([
      'with --keep best each training chooses its epoch by the images that judge it: the figures are a little too good',
    ]);
  }, 30_000);
});
