import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, run, scratch } from './run';

const EPOCHS = '--epochs needs a value: an integer of at least 1 and at most 1000000. See resnet-ft train --help';

const tmp = scratch();
let number = 0;

/** A copy of the fixture to spoil. */
function copy(): string {
  const folder = path.join(tmp, `data-${++number}`);
  fs.cpSync(ANTS_BEES, folder, { recursive: true });
  return folder;
}

/** Runs `train` and checks that it fails in one line, with `code`, and without an output folder. */
async function fails(data: string, args: string[], code: number, message: RegExp): Promise<string> {
  const output = path.join(tmp, `out-${++number}`, 'run');
  const base = [
    'train',
    data,
    '--weights',
    'none',
    '--output',
    output,
    '--arch',
    'resnet18',
    '--steps',
    '1',
    '--device',
    'cpu',
  ];
  const ran = await run([...base, ...args]);
  expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
  expect(ran.stderr).toMatch(message);
  expect(ran.code).toBe(code);
  expect(fs.existsSync(path.dirname(output))).toBe(false);
  return ran.stderr;
}

describe('usage errors end with exit code 2', () => {
  test.each([
    [['--lr', 'abc'], /Expected a number of at least 0 for --lr but received abc/],
    [['--epochs', '-1'], /Expected an integer of at least 1 .*for --epochs but received -1/],
    [['--batch-size', '0'], /Expected an integer of at least 1 .*for --batch-size but received 0/],
    [['--train-from', 'layer9'], /Expected conv1, .* or fc for --train-from but received layer9/],
    [['--btch-size', '4'], /--btch-size.*Did you mean --batch-size\?/],
    [['--batch', '4'], /--batch\. Did you mean --batch-size\?/],
    [['--weight', 'none'], /--weight\. Did you mean --weights\?/],
    [['--weights', 'random'], /no file or folder random\. Weights of resnet18 that have a name: imagenet-v1, none\n$/],
    [['--device', 'gpu'], /Expected auto, cpu, cuda or cuda:N for --device but received gpu/],
    [['--nesterov', '--momentum', '0'], /--momentum/],
    [['--epochs'], /^resnet-ft: --epochs needs a value: an integer of at least 1 and at most 1000000\./],
    [['--resume='], /^resnet-ft: --resume needs a value: the folder of a run, or one of its checkpoints\./],
    [['--no-epochs'], /^resnet-ft: Unknown option --no-epochs\. For its default leave --epochs out/],
    [['--nesterov=maybe'], /^resnet-ft: --nesterov takes no value, or true or false\./],
    [['--decayNormBias='], /^resnet-ft: --decay-norm-bias takes no value, or true or false\./],
    [['--json=foo'], /^resnet-ft: --json takes no value, or true or false\./],
    [['--quiet='], /^resnet-ft: --quiet takes no value, or true or false\./],
    [['--verbose=yes'], /--verbose takes no value, or true or false\./],
  ])('%j', async (args, message) => {
    await fails(ANTS_BEES, args, 2, message);
  });

  test.each([
    [['train'], 'Name a folder of images, or with --resume a run to go on with. See resnet-ft train --help'],
    [['trian', 'x'], 'There is no command trian. Did you mean train? See resnet-ft --help'],
    [['fly', 'x'], 'There is no command fly. See resnet-ft --help'],
    [['train', 'x', '-epochs', '3'], 'Unknown option -epochs. Did you mean --epochs?'],
    [['train', 'x', '-batchSize=3'], 'Unknown option -batchSize. Did you mean --batch-size?'],
    [['train', 'x', '-xhx'], 'Unknown option -xhx. See resnet-ft train --help'],
    [['train', 'x', '\u2014epochs', '3'], 'Unknown option \u2014epochs. Write two hyphens: --epochs'],
    [['weights', 'list', '\u2013arch=resnet18'], 'Unknown option \u2013arch=resnet18. Write two hyphens: --arch'],
    [
      ['train', 'x', '--arch', 'ResNet-18'],
      expect.stringMatching(/ but received ResNet-18\. Did you mean resnet18\?$/),
    ],
    [['train', 'x', '--hepl'], 'Unknown option --hepl. Did you mean --help?'],
    [
      ['train', 'x', '--fold', '7'],
      'Expected a fold and how many there are, such as 2/5 (2 to 100) for --fold but received 7. See resnet-ft train --help-all',
    ],
    [['train', 'x', '--epochs'], EPOCHS],
    [['train', 'x', '--to-string'], 'Unknown option --to-string. See resnet-ft train --help'],
    [
      ['weights', '--', 'list'],
      'Expected list or download for <action> but received list. See resnet-ft weights --help',
    ],
  ])('%j', async (args, message) => {
    const { stderr, ...rest } = await run(args);
    expect(rest).toEqual({ code: 2, stdout: '' });
    expect(stderr.replace(/^resnet-ft: |\n$/g, '')).toEqual(message);
  });

  test.each([[[]], [['--', 'train', 'photos']], [['--', 'nope']]])('no command: %j', async (args) => {
    const ran = await run(args);
    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toMatch(/^resnet-ft: Name a command: train, [^\n]+\n$/);
  });
});

describe('errors of the data end with exit code 1', () => {
  test('an empty folder', async () => {
    const data = path.join(tmp, 'empty');
    fs.mkdirSync(data);
    await fails(data, [], 1, /empty/);
  });

  test('a folder that does not exist', async () => {
    await fails(path.join(tmp, 'missing'), [], 1, /missing/);
  });

  test('what is not a folder', async () => {
    await fails('/dev/null', [], 1, /: \/dev\/null is a file, not a folder/);
  });

  test('class weights that are no file', async () => {
    const told = await fails(
      ANTS_BEES,
      ['--class-weights', '/nowhere'],
      1,
      /: class weights: no such file: \/nowhere\./,
    );
    expect(told).toContain('Give --class-weights balanced, or a file ');
    await fails(ANTS_BEES, ['--class-weights', tmp], 1, /: class weights: .*: is not a file\. Give --class-weights /);
  });

  test('a missing val/', async () => {
    const data = copy();
    fs.rmSync(path.join(data, 'val'), { recursive: true });
    await fails(data, [], 1, /val/);
  });

  test('a class without images', async () => {
    const data = copy();
    fs.mkdirSync(path.join(data, 'train', 'wasps'));
    await fails(data, [], 1, /wasps/);
  });

  test('a corrupt JPEG and a text named .jpg are named at once, and nothing is left', async () => {
    const data = copy();
    const ants = path.join(data, 'train', 'ants');
    const first = path.join(ants, fs.readdirSync(ants)[0] ?? '');
    const whole = fs.readFileSync(first);
    fs.writeFileSync(path.join(ants, 'corrupt.jpg'), whole.subarray(0, whole.length >> 1));
    fs.writeFileSync(path.join(data, 'val', 'bees', 'text.jpg'), 'this is no image');
    const stderr = await fails(data, [], 1, /corrupt\.jpg/);
    expect(stderr).toContain('text.jpg');
    // One list of both splits, with one count.
    expect(stderr.match(/could not be read/g)).toHaveLength(1);
    expect(stderr).toMatch(/^resnet-ft: 2 images could not be read: /);
  });

  test('of many unreadable images of both splits the first five are named, and all are counted', async () => {
    const data = copy();
    for (let i = 0; i < 4; i++) {
      fs.writeFileSync(path.join(data, 'train', 'ants', `text-${i}.jpg`), 'this is no image');
      fs.writeFileSync(path.join(data, 'val', 'bees', `text-${i}.jpg`), 'this is no image');
    }
    const stderr = await fails(data, [], 1, /^resnet-ft: 8 images could not be read: .*; and 3 more\. Repair/);
    expect(stderr.match(/text-\d\.jpg: /g)).toHaveLength(5);
  });
});

describe('errors of output and weights end with exit code 1', () => {
  test('an output folder that cannot be made', async () => {
    const file = path.join(tmp, 'file');
    fs.writeFileSync(file, '');
    const ran = await run(['train', ANTS_BEES, '--weights', 'none', '--output', path.join(file, 'run')]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^resnet-ft: The output folder .*file\/run can't be written to[^\n]+\n$/);
  });

  test('an output folder with a config.json of another program', async () => {
    const output = path.join(tmp, 'taken');
    fs.mkdirSync(output);
    fs.writeFileSync(path.join(output, 'config.json'), '{}');
    const ran = await run(['train', ANTS_BEES, '--weights', 'none', '--output', output]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /taken has a config\.json that is not of resnet-ft, or is damaged\. Choose another folder/,
    );
    expect(fs.readdirSync(output)).toEqual(['config.json']);
  });

  test('weights that do not exist', async () => {
    await fails(ANTS_BEES, ['--weights', path.join(tmp, 'no.safetensors')], 1, /no\.safetensors/);
  });

  test('a text that is named as weights', async () => {
    const file = path.join(tmp, 'some-text.txt');
    fs.writeFileSync(file, 'Ants and bees.\n');
    await fails(ANTS_BEES, ['--weights', file], 1, /some-text\.txt: not a file of weights of a known kind \(\.pth, /);
  });

  test('weights of a wrong shape', async () => {
    const file = path.join(tmp, 'wrong.safetensors');
    const header = JSON.stringify({ 'conv1.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] } });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    fs.writeFileSync(file, Buffer.concat([length, Buffer.from(header), Buffer.alloc(24)]));
    await fails(ANTS_BEES, ['--weights', file], 1, /wrong\.safetensors/);
  });
});

describe('paths as people paste them', () => {
  const file = (name: string, content: string | Buffer = ''): string => {
    fs.writeFileSync(path.join(tmp, name), content);
    return path.join(tmp, name);
  };

  test.each([
    ['"photos"', /: no such folder: .*"photos"\. The quotes are part of the name: leave them out\n/],
    ['\u201C/photos\u201D', /\. The quotes are part of the name/],
    ['~/photos', /\. ~ is not expanded inside quotes: give the whole path\n/],
    ['https://example.org/photos', /\. This is an address: download it first, and name the folder\n/],
  ])('a folder: %s', async (data, message) => {
    await fails(data, [], 1, message);
  });

  test('files in place of a folder', async () => {
    await fails(file('base.zip', 'PK'), [], 1, /is a file, not a folder\. Unpack it first, and name the folder\n/);
    await fails(
      file('labels.csv'),
      [],
      1,
      /\. Labels are the names of folders: put the images of each class into a folder /,
    );
  });
});
