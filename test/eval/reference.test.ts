import fs from 'node:fs';
import path from 'node:path';
import { scanImageFolder } from '../../lib/data/image-folder';
import { loadImage } from '../../lib/data/load-image';
import type { EvalResult } from '../../lib/eval/types';
import { imagenetClasses } from '../../lib/weights/registry';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { describeWithTorch, type PythonTorch } from '../python-torch';
import { slowRows } from '../slow';

const tmp = scratch();
const SCRIPT = fs.readFileSync(path.join(__dirname, 'eval_reference.py'), 'utf8');

interface Reference {
  images: number;
  correct: number;
  top5: number;
  loss: number;
  predicted: string[];
  margin: number;
  margin5: number;
}

/** Counts with PyTorch, on our crops (which equal torchvision's), and leaves the made weights in `model`. */
async function reference(torch: PythonTorch, folder: string, model: string): Promise<Reference> {
  const list = path.join(tmp, 'imagenet_classes.txt');
  fs.writeFileSync(
    list,
    `a\n\nb\n\n${imagenetClasses()
      .map((name, i) => `${i}, ${name}`)
      .join('\n')}\n`,
  );
  const crops = path.join(tmp, 'crops.bin');
  const { samples, classes } = await scanImageFolder(folder);
  fs.writeFileSync(crops, '');
  for (const { file } of samples) fs.appendFileSync(crops, (await loadImage(file, { resize: 256, crop: 224 })).data);
  const names = samples.map(({ target }) => classes[target] ?? '');
  return JSON.parse(torch.run(SCRIPT, ['resnet18', model, list, '--tilt', '--crops', crops, ...names])) as Reference;
}

describeWithTorch('a 1000-class model with made weights', (torch) => {
  const data = process.env['RESNET_FT_TEST_DATA'];
  const whole: [string, string][] = data ? [['the whole data set', data]] : [];
  const folders: [string, string][] = [['the excerpt', ANTS_BEES], ...slowRows(...whole)];

  test.each(folders)("counts on %s what PyTorch counts by the tutorial's rule", async (_, folder) => {
    const model = path.join(tmp, 'made.pth');
    const predictions = path.join(tmp, 'predictions.jsonl');
    const expected = await reference(torch, path.join(folder, 'val'), model);
    // Some are right and some are wrong, and none is so near that rounding would decide.
    expect(expected.correct).toBeGreaterThan(0);
    expect(expected.correct).toBeLessThan(expected.images);
    expect(Math.min(expected.margin, expected.margin5)).toBeGreaterThan(1e-4);

    const ran = await run(['eval', model, folder, '--json', '--device', 'cpu', '--predictions', predictions]);
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    const result = JSON.parse(ran.stdout) as EvalResult;
    expect([result.images, result.correct, result.top5?.correct]).toEqual([
      expected.images,
      expected.correct,
      expected.top5,
    ]);
    expect(Math.abs(result.loss - expected.loss) / expected.loss).toBeLessThan(1e-4);
    expect(result.classes.map(({ name, index, folders: from }) => [name, index, from])).toEqual([
      ['ant', 310, ['ants']],
      ['bee', 309, ['bees']],
    ]);
    const { counts, other } = result.confusion;
    expect(counts?.map((row, i) => row.reduce((a, b) => a + b, other[i] ?? 0))).toEqual(
      result.classes.map(({ support }) => support),
    );
    const written = records(fs.readFileSync(predictions, 'utf8'));
    expect(written.map(({ predictedClass }) => String(predictedClass).replace(/ \(\d+\)$/, ''))).toEqual(
      expected.predicted,
    );
  });

  test('an ambiguous folder is an error that lists candidates, and --class-map decides', async () => {
    const model = path.join(tmp, 'made.pth');
    const folder = path.join(tmp, 'birds');
    fs.cpSync(path.join(ANTS_BEES, 'val', 'ants'), path.join(folder, 'cranes'), { recursive: true });
    const refused = await run(['eval', model, folder]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^resnet-ft: [^\n]*cranes may be crane \(134\) or crane \(517\)[^\n]*--class-map[^\n]*\n$/,
    );

    const map = path.join(tmp, 'map.json');
    fs.writeFileSync(map, '{"cranes": 517}');
    for (const given of ['cranes=517', map]) {
      const ran = await run(['eval', model, folder, '--json', '--class-map', given]);
      expect(ran.stderr).toBe('');
      const { classes } = JSON.parse(ran.stdout) as EvalResult;
      expect(classes).toMatchObject([{ name: 'crane (517)', index: 517, folders: ['cranes'], support: 4 }]);
    }
  });
});
