import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CalibrateResult, EvalResult } from '../../lib';
import { runFacts } from '../../lib/card/facts';
import { writeCard } from '../../lib/card/write';
import { FolderLock } from '../../lib/files/folder-lock';
import { cardMetadata, parseCard } from '../../lib/model/describe';
import { rewriteCard } from '../../lib/model/rewrite-card';
import { quantized } from '../../lib/model/unknown';
import { PREPROCESSING } from '../../lib/options';
import { readRun } from '../../lib/report/read-run';
import { readWeights } from '../../lib/weights';
import { ANTS_BEES, records, ROOT, run, scratch } from '../cli/run';
import { makeTensors, writeModel } from '../export/made-model';
import { callApi } from '../predict/call-api';
import { VAL } from '../predict/fixture-model';
import { makeRun, type MadeRun } from '../report/made-run';
import { slowTest } from '../slow';

const tmp = scratch();
const CLASSES = ['ants', 'bees', "o'wasps <b>"];
const FILES = Array.from({ length: 20 }, (_, i) => `${i}.png`);
const card = { arch: 'resnet18' as const, classes: CLASSES, preprocessing: PREPROCESSING };
const tensors = makeTensors(card);

/** A model that is 95 % sure, and wrong in some more than a fifth of the images: 14 of 60. */
const TOO_SURE: NonNullable<MadeRun['said']> = (image, truth) => ({
  predicted: image % 7 === 0 || image % 11 === 0 ? (truth + 1) % 3 : truth,
  probability: 0.95 - 0.002 * (image % 7),
});

/** A finished run with a model of the same classes. */
async function madeRun(name: string, made: Partial<MadeRun> = {}): Promise<{ folder: string; model: string }> {
  const { folder } = await makeRun(tmp, name, { classes: CLASSES, files: FILES, said: TOO_SURE, ...made });
  const model = path.join(folder, 'model.safetensors');
  await writeModel(model, card, tensors);
  return { folder, model };
}

test('what another process adds to the model meanwhile is kept: who has the folder is waited for', async () => {
  const { folder, model } = await madeRun('at-once');
  const other = await FolderLock.take(folder);
  const calibrating = run(['calibrate', folder, '--json']);
  await sleep(3000);
  expect((await readWeights(model)).metadata['temperature']).toBeUndefined();
  const unknown = { temperature: 1, neighbours: 1, keep: 0.9, probability: 0.5, distance: 0.5 };
  const features = Float32Array.from({ length: 512 }, (_, i) => Number(i === 0));
  await rewriteCard(model, { unknown: { ...unknown, references: quantized([features]) } });
  await other.release();
  const ran = await calibrating;
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const { temperature } = JSON.parse(ran.stdout) as CalibrateResult;
  expect(parseCard(model, (await readWeights(model)).metadata)).toMatchObject({ temperature, unknown });
  expect(fs.readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('weights that a training writes meanwhile get no temperature of those before', async () => {
  const { folder, model } = await madeRun('trained-anew');
  const other = await FolderLock.take(folder);
  const calibrating = run(['calibrate', folder, '--json']);
  await sleep(3000);
  const bias = { dtype: 'F32' as const, shape: [3], data: new Uint8Array(Float32Array.of(1, 2, 3).buffer) };
  await writeModel(model, card, new Map([...tensors, ['fc.bias', bias]]));
  const written = fs.readFileSync(model);
  await other.release();
  expect(await calibrating).toEqual({
    code: 1,
    stdout: '',
    stderr: `resnet-ft: cannot write ${model}: it has other weights than before. Try again, with those that it has now\n`,
  });
  expect(fs.readFileSync(model).equals(written)).toBe(true);
});

interface Line {
  trueClass: string;
  probabilities: Record<string, number>;
}

const predictionsOf = (folder: string): Line[] =>
  records(fs.readFileSync(path.join(folder, 'predictions.jsonl'), 'utf8')) as never;

/** Mean negative log-likelihood by p^(1/T), made to sum to 1: nothing of ours. */
function likelihood(lines: readonly Line[], temperature: number): number {
  return (
    lines.reduce((sum, { trueClass, probabilities }) => {
      const powers = Object.values(probabilities).map((p) => p ** (1 / temperature));
      return sum - Math.log((probabilities[trueClass] ?? NaN) ** (1 / temperature) / powers.reduce((a, b) => a + b, 0));
    }, 0) / lines.length
  );
}

/** The least of a function with one minimum, by golden section over the logarithm. */
function goldenSection(loss: (temperature: number) => number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.05), Math.log(20)];
  while (high - low > 1e-10) {
    const [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (loss(Math.exp(left)) < loss(Math.exp(right))) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

test('the temperature is that of a reference fit, and is written beside the weights, which stay', async () => {
  const { folder, model } = await madeRun('reference');
  const before = await readWeights(model);
  const ran = await run(['calibrate', folder, '--json'], { env: { LIBTORCH: path.join(tmp, 'no-libtorch') } });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const result = JSON.parse(ran.stdout) as CalibrateResult;
  const lines = predictionsOf(folder);
  const reference = goldenSection((temperature) => likelihood(lines, temperature));
  expect(reference).toBeGreaterThan(1.3);
  // Where a function is least it is flat: to half the digits of its values.
  expect(Math.abs(result.temperature / reference - 1)).toBeLessThan(1e-6);
  expect(result).toMatchObject({ file: model, images: 60, from: 'predictions', note: null });
  const { loss, error } = result;
  expect(loss.before).toBeCloseTo(likelihood(lines, 1), 12);
  expect(loss.after).toBeLessThan(loss.before);
  // 95 % sure, and 77 % right.
  expect(error.before).toBeGreaterThan(0.15);
  expect(error.after).toBeLessThan(0.1);

  const after = await readWeights(model);
  expect([...after.tensors.keys()]).toEqual([...before.tensors.keys()]);
  for (const [name, { data }] of after.tensors) {
    expect([name, Buffer.compare(data, before.tensors.get(name)?.data ?? Buffer.alloc(0))]).toEqual([name, 0]);
  }
  const { temperature, ...others } = after.metadata;
  expect(Number(temperature)).toBe(result.temperature);
  expect(others).toEqual(before.metadata);

  // Again from the same, not from what is calibrated already.
  const again = await run(['calibrate', folder, '--json']);
  expect(again.stdout).toBe(ran.stdout);
  expect(await run(['calibrate', folder, '--forget'])).toMatchObject({
    ...{ code: 0, stderr: '' },
    stdout: 'the model has no temperature any more\n',
  });
  expect((await readWeights(model)).metadata).toEqual(before.metadata);

  fs.writeFileSync(path.join(folder, 'report.html'), 'old');
  const untouched = fs.statSync(model).mtimeMs;
  expect(await run(['calibrate', folder, '--forget'])).toEqual({
    ...{ code: 0, stderr: '' },
    stdout: 'the model has no temperature\n',
  });
  expect(fs.statSync(model).mtimeMs).toBe(untouched);
});

test('the lines for a person say what it does, and what speaks against it', async () => {
  const { folder, model } = await madeRun('lines');
  fs.writeFileSync(path.join(folder, 'report.html'), 'old');
  const { stdout } = await run(['calibrate', folder]);
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^temperature \d\.\d{3}, fitted on 60 validation images$/),
    expect.stringMatching(/^negative log-likelihood 0\.\d{4} before, 0\.\d{4} after$/),
    expect.stringMatching(/^expected calibration error \d+\.\d % before, \d+\.\d % after$/),
    `written to ${model}`,
    `report.html is out of date; to update it: npx resnet-ft report ${folder}`,
  ]);
  const few = await madeRun('few', { files: FILES.slice(0, 5) });
  expect((await run(['calibrate', few.folder])).stdout).toMatch(
    /^(the figures after are cross-validated, and the likelihood got worse; )?fewer than 20 images tell little: calibrate --forget takes the temperature out again$/m,
  );
});

test('the report offers the command, and says so of a calibrated model, whose probabilities it shows; the card likewise', async () => {
  const { folder } = await madeRun('report "a" <i>');
  const page = async (): Promise<string> => {
    expect(await run(['report', folder])).toMatchObject({ code: 0 });
    return fs.readFileSync(path.join(folder, 'report.html'), 'utf8');
  };
  const cardText = (): string => fs.readFileSync(path.join(folder, 'README.md'), 'utf8');
  await writeCard(folder, await runFacts(folder));
  const plainCard = cardText();
  expect(plainCard).toContain('Its probabilities are not calibrated');
  const plain = await page();
  expect(plain).toContain('npx resnet-ft calibrate');
  expect(plain).not.toContain('The model is calibrated');
  expect(plain).toContain('95.0 %');

  const { stdout } = await run(['calibrate', folder, '--json']);
  const [{ temperature = NaN } = {}] = records(stdout) as { temperature?: number }[];
  const calibrated = await page();
  expect(calibrated).toMatch(
    new RegExp(`The model is calibrated: it carries the temperature\\s+<strong>${temperature.toFixed(3)}</strong>`),
  );
  expect(calibrated).not.toContain('npx resnet-ft calibrate');
  const [p = 0, q = 0] = [0.95, 0.025].map((share) => share ** (1 / temperature));
  expect(calibrated).toContain(`${((100 * p) / (p + 2 * q)).toFixed(1)} %`);
  // The loss stays that of the training.
  const loss = /Validation loss<\/dt>\s*<dd class="big">([\d.]+)/;
  expect(loss.exec(calibrated)?.[1]).toBe(loss.exec(plain)?.[1]);
  expect(cardText()).toContain(`Its probabilities are calibrated by one temperature, ${temperature.toFixed(3)}`);
  expect(cardText()).toContain('/ temperature).softmax(1)[0]');
  await run(['calibrate', folder, '--forget']);
  expect(cardText()).toBe(plainCard);

  fs.writeFileSync(path.join(folder, 'README.md'), 'mine');
  const edited = await run(['calibrate', folder]);
  expect(edited.stdout).toContain('README.md was edited and stays as it is; the new model card is in README.new.md\n');
});

test('what cannot be done is said in one line, and the model stays as it was', async () => {
  const right = await madeRun('right', { said: (_, truth) => ({ predicted: truth, probability: 0.9 }) });
  const wrong = await madeRun('wrong', { said: (_, truth) => ({ predicted: (truth + 1) % 3, probability: 0.9 }) });
  const damaged = await madeRun('damaged');
  fs.appendFileSync(path.join(damaged.folder, 'predictions.jsonl'), '{"file":1}\n');
  const pipe = await madeRun('pipe');
  fs.rmSync(path.join(pipe.folder, 'predictions.jsonl'));
  execFileSync('mkfifo', [path.join(pipe.folder, 'predictions.jsonl')]);
  const alone = path.join(tmp, 'alone', 'model.safetensors');
  fs.mkdirSync(path.dirname(alone));
  fs.copyFileSync(right.model, alone);
  const pth = path.join(tmp, 'model.pth');
  await writeModel(pth, card, tensors);
  // Others than those that the run knows: its predictions are of another model.
  const other = await madeRun('other');
  await writeModel(other.model, { ...card, classes: ['a', 'b', 'c'] }, tensors);
  // A probability of 0 for the true class does not tell its logit: the images are run again, and these are not there.
  const beyond = await madeRun('beyond', {
    said: (image, truth) => ({
      predicted: image % 5 === 0 ? (truth + 1) % 3 : truth,
      probability: image % 5 === 0 ? 1 : 0.9,
    }),
  });
  const cases: [string[], number, RegExp][] = [
    [[beyond.folder], 1, /no such folder: .*photos\/train/],
    [[right.folder], 1, /right: 60 validation images tell no temperature: the model is right about all of them\. /],
    [[wrong.folder], 1, /60 validation images tell no temperature: the model is no better than chance on them\. /],
    [[damaged.folder], 1, /predictions\.jsonl: line 61 is no prediction of these classes/],
    [[pipe.folder], 1, /predictions\.jsonl: is no file/],
    [[alone], 2, /It needs the images of training: .* has no config\.json$/],
    [[pth], 2, /Expected a model of train, a \.safetensors file for model but received .*model\.pth/],
    [[other.folder], 1, /no such folder: .*photos\/train|not those of the run|no such folder/],
    [[right.folder, '--data', path.join(tmp, 'nowhere')], 1, /no such folder: .*nowhere/],
    [[right.folder, '--batch-size', '0'], 2, /--batch-size/],
    [[right.folder, '--forget', '--data', tmp], 2, /^resnet-ft: --data can't be used with --forget\./],
    [[right.folder, '--forget', '--batch-size', '8'], 2, /^resnet-ft: --batch-size can't be used with --forget\./],
    [['imagenet-v1'], 2, /^resnet-ft: There is no file or folder imagenet-v1\. Name the folder of a run of train$/],
  ];
  const before = [right, wrong, damaged, pipe, other, beyond].map(({ model }) => fs.readFileSync(model));
  for (const [args, code, line] of cases) {
    const { stderr, ...result } = await run(['calibrate', ...args], { env: { RESNET_FT_OFFLINE: '1' } });
    expect([args, result]).toEqual([args, { code, stdout: '' }]);
    expect(stderr.trimEnd()).toMatch(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  }
  [right, wrong, damaged, pipe, other, beyond].forEach(({ model }, i) =>
    expect(Buffer.compare(fs.readFileSync(model), before[i] ?? Buffer.alloc(0))).toBe(0),
  );
});

test('stops while it reads what the run has kept', async () => {
  const { folder } = await madeRun('stopped-reading');
  let lines = 0;
  const pause = (): Promise<void> => (++lines < 40 ? Promise.resolve() : Promise.reject(new Error('stopped')));
  await expect(readRun(folder, pause)).rejects.toThrow('stopped');
  expect(lines).toBe(40);
});

test('the temperature travels as text, and a text that is none is refused', () => {
  expect(parseCard('file', cardMetadata({ ...card, temperature: 1.25 })).temperature).toBe(1.25);
  expect('temperature' in cardMetadata(card)).toBe(false);
  expect(parseCard('file', cardMetadata(card))).toEqual(card);
  for (const text of ['', '0', '-1', '0.0001', '1e9', 'NaN', 'Infinity', '0x10', ' 2', '2,5', '"2"', 'null', '1-2']) {
    expect(() => parseCard('file', { ...cardMetadata(card), temperature: text })).toThrow(
      'its resnet-ft metadata is damaged',
    );
  }
});

describe('a run that is trained', () => {
  const folder = path.join(tmp, 'trained');
  const plain = path.join(tmp, 'plain');
  const recipe = ['--arch', 'resnet18', '--weights', 'none', '--image-size', '64', '--batch-size', '4', '--seed', '2'];
  const machine = ['--device', 'cpu', '--precision', 'fp32', '--threads', '1'];
  const train = (...args: string[]): ReturnType<typeof run> =>
    run(['train', ANTS_BEES, ...recipe, ...machine, ...args]);
  const predict = async (what: string): Promise<Record<string, unknown>[]> =>
    records((await run(['predict', what, VAL, '--device', 'cpu', '--top-k', '2', '--json'])).stdout);
  const calibrate = async (what: string, ...args: string[]): Promise<CalibrateResult> =>
    JSON.parse((await run(['calibrate', what, ...args, '--json'])).stdout) as CalibrateResult;
  let events: Record<string, unknown>[];
  beforeAll(async () => {
    const ran = await train('--epochs', '2', '--calibrate', '--json', '--output', folder);
    expect(ran.code).toBe(0);
    events = records(ran.stdout);
    expect((await train('--epochs', '2', '--output', plain)).code).toBe(0);
  });

  test('--calibrate leaves weights, figures and predictions as they are, and calibrates the model', async () => {
    const [calibrated = {}] = events.filter(({ kind }) => kind === 'calibrated');
    const lines = predictionsOf(folder);
    const reference = goldenSection((temperature) => likelihood(lines, temperature));
    expect(Math.abs((calibrated['temperature'] as number) / reference - 1)).toBeLessThan(1e-6);
    expect(predictionsOf(plain)).toEqual(lines);
    const [own, other] = [folder, plain].map((one) => readWeights(path.join(one, 'model.safetensors')));
    for (const [name, { data }] of (await other)?.tensors ?? []) {
      expect([name, Buffer.compare(data, (await own)?.tensors.get(name)?.data ?? Buffer.alloc(0))]).toEqual([name, 0]);
    }
    expect((await own)?.metadata['temperature']).toBe(String(calibrated['temperature']));
    expect((await other)?.metadata['temperature']).toBeUndefined();

    // The command comes to the same, by the predictions and by the images.
    const command = await calibrate(plain);
    expect(command.temperature / (calibrated['temperature'] as number)).toBeCloseTo(1, 9);
    const seen = await calibrate(plain, '--data', ANTS_BEES, '--device', 'cpu', '--precision', 'fp32');
    expect(seen).toMatchObject({ from: 'images', images: 8 });
    expect(seen.temperature / (calibrated['temperature'] as number)).toBeCloseTo(1, 3);

    // Of a probability that is too small to be written down the logit is computed, and not made up.
    const [first, ...rest] = lines;
    const none = { ...first, probabilities: { ...first?.probabilities, [first?.trueClass ?? '']: 0 } };
    const kept = path.join(plain, 'predictions.jsonl');
    const text = fs.readFileSync(kept);
    fs.writeFileSync(kept, [none, ...rest].map((line) => `${JSON.stringify(line)}\n`).join(''));
    const computed = await calibrate(plain, '--device', 'cpu', '--precision', 'fp32');
    fs.writeFileSync(kept, text);
    expect(computed).toMatchObject({ from: 'images', images: 8, temperature: seen.temperature });
    expect(await calibrate(plain, '--forget')).toEqual({
      file: path.join(plain, 'model.safetensors'),
      temperature: null,
      note: null,
    });
  });

  test('a run that was stopped is calibrated once it has come to its end', async () => {
    const stopped = path.join(tmp, 'stopped');
    let stopping = false;
    const first = await run(
      ['train', ANTS_BEES, ...recipe, ...machine, '--epochs', '2', '--calibrate', '--json', '--output', stopped],
      {
        onStdout: (text, child) => {
          // The second signal would end it at once.
          if (!stopping && text.includes('"kind":"step"')) stopping = child.kill('SIGINT');
        },
      },
    );
    expect(first.code).toBe(130);
    expect((await run(['train', '--resume', stopped])).code).toBe(0);
    const temperature = async (run: string): Promise<string | undefined> =>
      (await readWeights(path.join(run, 'model.safetensors'))).metadata['temperature'];
    expect(await temperature(stopped)).toBe(await temperature(folder));
  });

  describe('and stopped while it is calibrated', () => {
    // Fitting takes until it is stopped, as that of hundreds of thousands of images nearly does.
    const hook = path.join(tmp, 'fits-for-ever.cjs');
    const slow = { NODE_OPTIONS: `--require ${JSON.stringify(hook)}` };
    beforeAll(() =>
      fs.writeFileSync(
        hook,
        `const fitting = require(${JSON.stringify(path.join(ROOT, 'dist', 'eval', 'fit-calibration.js'))});
         fitting.fitCalibration = async (logits, targets, pause) => {
           process.stdout.write('"fitting"\\n');
           for (;;) {
             for (const begun = performance.now(); performance.now() - begun < 50; );
             await pause();
           }
         };`,
      ),
    );
    const stop = async (output: string, ...args: string[]): Promise<Awaited<ReturnType<typeof run>>> => {
      let stopping = false;
      return run(['train', ANTS_BEES, ...recipe, ...machine, '--calibrate', ...args, '--json', '--output', output], {
        env: slow,
        onStdout: (text, child) => {
          if (!stopping && text.includes('"fitting"')) stopping = child.kill('SIGINT');
        },
      });
    };
    const metadataOf = async (run: string): Promise<Record<string, string>> =>
      (await readWeights(path.join(run, 'model.safetensors'))).metadata;
    const STOPPED =
      'resnet-ft: The training was stopped before its model was calibrated. The weights so far are saved in';

    test('it is whole, and calibrated when it goes on', async () => {
      const output = path.join(tmp, 'stopped-fitting');
      const ran = await stop(output, '--epochs', '2');
      expect(ran.code).toBe(130);
      expect(ran.stderr).toContain(`${STOPPED} ${output}: model.safetensors and last.safetensors. Go on with: npx`);
      expect(ran.stderr).toContain(`train --resume ${output}\n`);
      expect(await metadataOf(output)).not.toHaveProperty('temperature');
      expect(predictionsOf(output)).toEqual(predictionsOf(folder));
      expect(fs.existsSync(path.join(output, 'result.json'))).toBe(false);
      expect((await run(['train', '--resume', output])).code).toBe(0);
      expect((await metadataOf(output))['temperature']).toBe((await metadataOf(folder))['temperature']);
      expect(fs.existsSync(path.join(output, 'result.json'))).toBe(true);
    });

    slowTest('without checkpoints the command that calibrates it is named', async () => {
      const output = path.join(tmp, 'stopped-without');
      const ran = await stop(output, '--epochs', '2', '--checkpoint-every', 'never');
      expect(ran.code).toBe(130);
      expect(ran.stderr).toContain(`${STOPPED} ${output}: model.safetensors and last.safetensors. Calibrate its model`);
      expect(ran.stderr).toContain(`with: npx resnet-ft calibrate ${output}\n`);
      expect((await run(['calibrate', output, '--device', 'cpu'])).code).toBe(0);
      expect(await metadataOf(output)).toHaveProperty('temperature');
    });
  });

  test('predictions, evaluation and explanations are calibrated; which class it is, and the loss, stay', async () => {
    const [own, other] = [await predict(folder), await predict(plain)];
    const [{ temperature = NaN } = {}] = events.filter(({ kind }) => kind === 'calibrated') as {
      temperature?: number;
    }[];
    const scaled = (top: { class: string; probability: number }[]): Map<string, number> => {
      const powers = top.map(({ probability }) => probability ** (1 / temperature));
      const sum = powers.reduce((a, b) => a + b, 0);
      return new Map(top.map((one, i) => [one.class, (powers[i] ?? 0) / sum]));
    };
    expect(own).toHaveLength(8);
    for (const [i, record] of own.entries()) {
      const [top, plainTop] = [record['top'], other[i]?.['top']] as { class: string; probability: number }[][];
      expect(top?.map((one) => one.class)).toEqual(plainTop?.map((one) => one.class));
      for (const one of top ?? []) expect(one.probability).toBeCloseTo(scaled(plainTop ?? []).get(one.class) ?? NaN, 9);
    }
    const table = await run(['predict', folder, VAL, '--device', 'cpu']);
    expect(table.stderr).toBe(
      `the probabilities are calibrated, by the model's temperature of ${temperature.toFixed(3)}\n`,
    );

    const predictions = path.join(tmp, 'predictions.jsonl');
    const evaluated = async (...args: string[]): Promise<EvalResult> =>
      JSON.parse((await run(['eval', ...args, '--device', 'cpu', '--json'])).stdout) as EvalResult;
    const judged = await evaluated(folder, VAL, '--predictions', predictions);
    const before = await evaluated(plain, VAL);
    expect(before).toMatchObject({ temperature: null, calibratedLoss: null });
    expect(judged).toMatchObject({ correct: before.correct, loss: before.loss, temperature });
    const lines = records(fs.readFileSync(predictions, 'utf8')) as unknown as Line[];
    expect(judged.calibratedLoss).toBeCloseTo(likelihood(lines, 1), 9);
    expect(judged.calibratedLoss).toBeLessThan(judged.loss);
    const text = await run(['eval', folder, VAL, '--device', 'cpu']);
    expect(text.stdout).toContain(
      `loss ${judged.loss.toFixed(4)}\ncalibrated (temperature ${temperature.toFixed(3)}): loss ${judged.calibratedLoss?.toFixed(4)}\n`,
    );

    const maps = ['--device', 'cpu', '--json', '--output', path.join(tmp, 'maps')];
    const [explained = {}] = records((await run(['explain', folder, String(own[0]?.['file']), ...maps])).stdout);
    expect(explained['probability']).toBeCloseTo(own[0]?.['probability'] as number, 5);
    const known = await callApi(
      async ({ api }, { model: source }) => {
        const model = await api.loadModel(source, { device: 'cpu' });
        await model.close();
        return model.temperature;
      },
      { model: folder },
    );
    expect(known).toBe(temperature);
  });

  test('it goes along in exports, and "none of these" does not take it twice', async () => {
    const own = await predict(folder);
    for (const name of ['exported.safetensors', 'exported.pth']) {
      const file = path.join(tmp, name);
      expect((await run(['export', folder, '--output', file])).code).toBe(0);
      expect(await predict(file)).toEqual(own);
    }
    expect((await run(['unknown', folder, '--device', 'cpu', '--keep', '0.75'])).code).toBe(0);
    const judged = await predict(folder);
    for (const [i, record] of judged.entries()) {
      expect(record).toMatchObject(own[i] ?? {});
      expect(record['calibrated']).toBeCloseTo(record['probability'] as number, 12);
    }
    const verdicts = judged.map(({ unknown, calibrated }) => ({ unknown, calibrated }));
    await calibrate(folder, '--forget');
    // The rule has its own temperature still.
    expect((await predict(folder)).map(({ unknown, calibrated }) => ({ unknown, calibrated }))).toEqual(verdicts);
    await run(['unknown', folder, '--forget']);
    const plainly = (all: Record<string, unknown>[]): unknown[] => all.map(({ file: _, ...record }) => record);
    expect(plainly(await predict(folder))).toEqual(plainly(await predict(plain)));
  });
});
