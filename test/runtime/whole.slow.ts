import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { PREPROCESSING } from '../../lib/options';
import { openUrl, withBrowser } from '../browser/browser';
import { records, ROOT, run, scratch } from '../cli/run';
import { makeTensors, writeModel } from '../export/made-model';
import type { Prediction } from '../../packages/runtime/src/api';
import { ask, makeProject, packRuntime, type Answer } from './package';
import { Project } from '../package/project';
import { serve } from './serve';

const DATA = process.env.RESNET_FT_TEST_DATA;
const withData = DATA === undefined ? describe.skip : describe;
const CLASSES = ['ants', 'bees'];
/** What a function may have in its package, unpacked: AWS Lambda's limit. */
const SERVERLESS_BYTES = 250e6;

const tmp = scratch();
const model = path.join(tmp, 'model.safetensors');
const onnx = path.join(tmp, 'model.onnx');
beforeAll(async () => {
  const card = { arch: 'resnet50' as const, classes: CLASSES, preprocessing: PREPROCESSING };
  await writeModel(model, card, makeTensors(card));
  expect(await run(['export', model, '--format', 'onnx', '--output', onnx])).toMatchObject({ code: 0, stderr: '' });
});

withData('the 153 validation images of ants and bees, by a ResNet-50', () => {
  const files = CLASSES.flatMap((name) => {
    const folder = path.join(DATA ?? '', 'val', name);
    const names = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
    return names.map((file) => path.join(folder, file));
  });
  const project = path.join(tmp, 'project');
  let theirs: Prediction[];
  beforeAll(async () => {
    makeProject(project);
    const args = ['--json', '--top-k', '2', '--device', 'cpu', '--precision', 'fp32'];
    const ran = await run(['predict', model, ...files, ...args]);
    expect(ran).toMatchObject({ code: 0 });
    theirs = records(ran.stdout) as unknown as Prediction[];
  });

  function expectSame(ours: readonly Prediction[]): void {
    expect(ours).toHaveLength(153);
    expect(ours.map(({ class: name }) => name)).toEqual(theirs.map(({ class: name }) => name));
    const differences = ours.map(({ probability }, i) => Math.abs(probability - (theirs[i]?.probability ?? NaN)));
    expect(Math.max(...differences)).toBeLessThan(1e-5);
  }

  test('in Node.js', async () => {
    expectSame((await ask(project, { model: onnx, images: files, topK: 2 })).predictions);
  });

  withBrowser('in a browser', () => {
    test('in its page', async () => {
      const site = await serve({
        page: __dirname,
        runtime: path.join(project, 'node_modules', '@resnet-ft', 'runtime'),
        onnxruntime: path.join(ROOT, 'node_modules', 'onnxruntime-web', 'dist'),
        images: DATA ?? '',
        models: tmp,
      });
      try {
        const { page, complaints } = await openUrl(`${site.origin}/page/page.html`);
        page.setDefaultTimeout(0);
        await page.waitForFunction('window.ask !== undefined');
        const images = files.map((file) => `${site.origin}/images/${path.relative(DATA ?? '', file)}`);
        const question = { model: `${site.origin}/models/model.onnx`, images, topK: 2 };
        const { predictions, error } = await page.evaluate<Answer>(`ask(${JSON.stringify(question)})`);
        expect({ error, complaints }).toEqual({ error: undefined, complaints: [] });
        expectSame(predictions);
      } finally {
        await site.close();
      }
    });
  });
});

test('from the tarball in an empty project: a function that fits where LibTorch does not', async () => {
  const project = new Project();
  try {
    const tarball = packRuntime(tmp, false);
    await project.npm(
      'install',
      tarball,
      `onnxruntime-node@${versionOf('onnxruntime-node')}`,
      `sharp@${versionOf('sharp')}`,
    );
    // As docs/runtime.md has it: the package holds the libraries of all systems.
    const platform = `*/${process.platform}/${process.arch}`;
    const bin = path.join(project.folder, 'node_modules', 'onnxruntime-node', 'bin');
    const others = ['-mindepth', '3', '-maxdepth', '3', '!', '-path', platform, '-exec', 'rm', '-r', '{}', '+'];
    execFileSync('find', [bin, ...others]);
    const bytes = project.installedFiles().reduce((sum, file) => sum + fs.lstatSync(file).size, 0);
    expect(bytes + fs.statSync(onnx).size).toBeLessThan(SERVERLESS_BYTES);
    fs.copyFileSync(onnx, path.join(project.folder, 'model.onnx'));
    // The example, as it stands.
    const example = fs.readFileSync(path.join(ROOT, 'docs', 'runtime.md'), 'utf8');
    const code = /```js\n(\/\/ handler\.mjs[\s\S]*?)```/.exec(example)?.[1];
    project.write('handler.mjs', code ?? '');
    const image = path.join(ROOT, 'test/fixtures/ants-bees/val/ants');
    const file = path.join(image, fs.readdirSync(image)[0] ?? '');
    const program = project.write(
      'call.mjs',
      `import fs from 'node:fs';
       import { handler } from './handler.mjs';
       const body = fs.readFileSync(${JSON.stringify(file)}).toString('base64');
       for (const event of [{ body, isBase64Encoded: true }, { body: 'hello' }]) console.log(JSON.stringify(await handler(event)));`,
    );
    const ran = await project.node([program]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const [good, bad] = records(ran.stdout) as { statusCode: number; body: string }[];
    const [theirs] = records((await run(['predict', model, file, '--json', '--device', 'cpu'])).stdout);
    const said = JSON.parse(good?.body ?? '') as Prediction;
    expect(said.class).toBe(theirs?.['class']);
    expect(said.probability).toBeCloseTo(theirs?.['probability'] as number, 4);
    expect(bad).toMatchObject({ statusCode: 400 });
    expect(bad?.body).toMatch(/IMAGE_UNREADABLE/);
  } finally {
    project.close();
  }
});

function versionOf(name: string): string {
  const file = path.join(ROOT, 'node_modules', name, 'package.json');
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}
