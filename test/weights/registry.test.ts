import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkpointFolder, weightsFile } from '../../lib/weights/hub';
import type { DownloadEvent } from '../../lib/download';
import { locate } from '../../lib/weights/locate';
import { ARCHITECTURES, PREPROCESSING } from '../../lib/options';
import { imagenetClasses, NAMED_WEIGHTS, namedWeights, type NamedWeights } from '../../lib/weights/registry';
import { run, scratch } from '../cli/run';
import { localServer, sendFile, sha256, someBytes } from '../download/server';

const folder = scratch();
const server = localServer();
const NAMES = ['TORCH_HOME', 'XDG_CACHE_HOME', 'RESNET_FT_MIRROR', 'RESNET_FT_OFFLINE'];
const saved = { ...process.env };

beforeEach(() => {
  for (const name of NAMES) delete process.env[name];
  process.env['TORCH_HOME'] = path.join(folder, 'torch');
  process.env['RESNET_FT_MIRROR'] = `${server.url}/mirror`;
});
afterEach(() => {
  for (const name of NAMES) {
    if (saved[name] === undefined) delete process.env[name];
    else process.env[name] = saved[name];
  }
});

test('each name has its architecture, file, preprocessing and classes', () => {
  expect(namedWeights('imagenet-v1', 'resnet50')).toMatchObject({
    path: 'models/resnet50-0676ba61.pth',
    bytes: 102_530_333,
    preprocessing: { resize: 256, crop: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  });
  expect(namedWeights('imagenet-v2', 'resnet152')).toMatchObject({
    path: 'models/resnet152-f82ba261.pth',
    preprocessing: { resize: 232, crop: 224 },
  });
  // Trained by the new recipe, though it is the first version.
  expect(namedWeights('imagenet-v1', 'resnext101_64x4d')).toMatchObject({
    path: 'models/resnext101_64x4d-173b62eb.pth',
    preprocessing: { resize: 232, crop: 224 },
  });
  expect(namedWeights('imagenet-v1', 'wide_resnet50_2')?.preprocessing.resize).toBe(256);
  const names = NAMED_WEIGHTS.map(({ name, arch }) => `${name} of ${arch}`);
  expect(new Set(names).size).toBe(names.length);
  expect([...new Set(NAMED_WEIGHTS.map(({ arch }) => arch))]).toEqual([...ARCHITECTURES]);
  for (const { sha256: hash } of NAMED_WEIGHTS) expect(hash).toMatch(/^([0-9a-f]{8}|[0-9a-f]{64})$/);
  const classes = imagenetClasses();
  expect(classes).toHaveLength(1000);
  expect([classes[0], classes[309], classes[310], classes[999]]).toEqual(['tench', 'bee', 'ant', 'toilet_tissue']);
});

test('what is no name is a file; what is neither is an error with the names', () => {
  expect(namedWeights('runs/1/model.safetensors', 'resnet50')).toBeUndefined();
  expect(namedWeights('model.pth', 'resnet50')).toBeUndefined();
  expect(namedWeights('package.json', 'resnet50')).toBeUndefined();
  expect(() => namedWeights('imagenet-v2', 'resnet18')).toThrow(
    'Expected imagenet-v1 or a file for weights of resnet18 but received imagenet-v2',
  );
  expect(() => namedWeights('imagenet-v2', 'resnext101_64x4d')).toThrow(
    'Expected imagenet-v1 or a file for weights of resnext101_64x4d but received imagenet-v2',
  );
  try {
    namedWeights('imagenet_v2', 'resnet50');
    throw new Error('no error');
  } catch (error) {
    expect(error).toMatchObject({
      code: 'INVALID_OPTION',
      message: 'Expected imagenet-v1, imagenet-v2 or a file for weights of resnet50 but received imagenet_v2',
      hint: 'Did you mean imagenet-v2?',
    });
  }
});

test("torch.hub's folder is found as torch.hub finds it", () => {
  expect(checkpointFolder()).toBe(path.join(folder, 'torch', 'hub', 'checkpoints'));
  process.env['TORCH_HOME'] = '~/elsewhere';
  expect(checkpointFolder()).toBe(path.join(os.homedir(), 'elsewhere', 'hub', 'checkpoints'));
  delete process.env['TORCH_HOME'];
  process.env['XDG_CACHE_HOME'] = '/xdg';
  expect(checkpointFolder()).toBe('/xdg/torch/hub/checkpoints');
  delete process.env['XDG_CACHE_HOME'];
  expect(checkpointFolder()).toBe(path.join(os.homedir(), '.cache', 'torch', 'hub', 'checkpoints'));
});

test('weights come from the mirror into the folder of torch.hub, and are checked each time', async () => {
  const body = someBytes(50_000);
  const made = {
    ...{ name: 'imagenet-v1', arch: 'resnet18', path: 'models/made-12345678.pth' },
    ...{ sha256: sha256(body).slice(0, 8), bytes: body.length, preprocessing: PREPROCESSING },
  } as NamedWeights;
  server.answer((request, response) => sendFile(request, response, body));
  const events: DownloadEvent[] = [];
  const file = await locate(made, { onProgress: (event) => events.push(event) });
  expect(events.at(-1)).toEqual({ kind: 'partly-checked', file, digits: made.sha256 });
  expect(file).toBe(path.join(folder, 'torch', 'hub', 'checkpoints', 'made-12345678.pth'));
  expect(server.requests.map(({ url }) => url)).toEqual(['/mirror/models/made-12345678.pth']);
  expect(await locate(made, { offline: true })).toBe(file);

  fs.truncateSync(file, 40_000);
  await expect(locate(made, { offline: true })).rejects.toMatchObject({
    message: expect.stringMatching(/made-12345678\.pth is damaged: its SHA-256 begins with/),
    hint: `Put the file at ${file} by hand.`,
  });
  expect(await locate(made)).toBe(file);
  expect(fs.readFileSync(file).equals(body)).toBe(true);
});

test('a mirror that is no URL is an error', async () => {
  process.env['RESNET_FT_MIRROR'] = 'mirror.example';
  const made = {
    ...{ name: 'imagenet-v1', arch: 'resnet18', path: 'models/x.pth', sha256: '00000000', bytes: 1 },
  } as NamedWeights;
  await expect(async () => locate(made)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

test('weights list shows what is known and where it is', async () => {
  const entry = NAMED_WEIGHTS.find(({ arch }) => arch === 'resnet34');
  const file = weightsFile(entry as NonNullable<typeof entry>);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, '');
  const { code, stdout } = await run(['weights', 'list']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^imagenet-v1 +resnet18 +46\.8 MB +resize 256 +not downloaded$/m);
  expect(stdout).toContain(file);
  const json = JSON.parse((await run(['weights', 'list', '--json'])).stdout) as { file: string | null }[];
  expect(json).toHaveLength(NAMED_WEIGHTS.length);
  expect(json.filter((weights) => weights.file !== null)).toEqual([
    expect.objectContaining({ name: 'imagenet-v1', arch: 'resnet34', resize: 256, file }),
  ]);
  fs.rmSync(file);
  // Those whose whole hash is not known.
  const partly = stdout.split('\n').filter((line) => line.includes('checked by 32 bits of SHA-256'));
  expect(partly[0]).toMatch(/^imagenet-v2 +resnet152 /);
  expect(partly.slice(1).every((line) => /^imagenet-v[12] +(resnext|wide_resnet)/.test(line))).toBe(true);
  expect(partly).toHaveLength(10);
});

test('weights download: wrong bytes, a name that does not exist, and offline', async () => {
  server.answer((_request, response) => response.end('not the weights'));
  const wrong = await run(['weights', 'download', 'imagenet-v1', '--arch', 'resnet18']);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toMatch(/resnet18-f37072fd\.pth: its SHA-256 begins with .* by hand\.\n$/);
  expect(fs.existsSync(path.join(checkpointFolder(), 'resnet18-f37072fd.pth'))).toBe(false);

  const unknown = await run(['weights', 'download', 'imagenet-v3']);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/Expected imagenet-v1 or imagenet-v2 for <name> but received imagenet-v3/);
  const offline = await run(['weights', 'download', 'imagenet-v2', '--offline']);
  expect(offline.code).toBe(1);
  expect(offline.stderr).toMatch(/resnet50-11ad3fa6\.pth: downloads are off/);
});
