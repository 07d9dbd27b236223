import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, run, scratch, type Outcome } from '../cli/run';
import { SHORT_RUN } from './resume-runs';

// What may have become of the things around a run until it is resumed.

const tmp = scratch();
const data = path.join(tmp, 'data');
const weights = path.join(tmp, 'weights.txt');
const [ant, bee] = ['ants', 'bees'].map((name) => path.join(data, 'train', name, '0001.jpg')) as [string, string];
const resume = (output: string, ...more: string[]): Promise<Outcome> => run(['train', '--resume', output, ...more]);
const copy = (to: string): string => {
  fs.cpSync(path.join(tmp, 'one'), path.join(tmp, to), { recursive: true });
  return path.join(tmp, to);
};

type Config = Record<string, unknown> & { unreadable: { file: string }[] };
const configOf = (output: string): Config =>
  JSON.parse(fs.readFileSync(path.join(output, 'config.json'), 'utf8')) as Config;

beforeAll(async () => {
  fs.cpSync(ANTS_BEES, data, { recursive: true });
  const [name] = fs.readdirSync(path.dirname(bee));
  fs.copyFileSync(path.join(path.dirname(bee), name as string), bee);
  // Of the same name and size.
  fs.writeFileSync(ant, Buffer.alloc(fs.statSync(bee).size, 7));
  fs.writeFileSync(weights, 'bees 2.5\nants 1\n');
  const args = SHORT_RUN.map((arg) => (arg === ANTS_BEES ? data : arg));
  const changing = ['--skip-unreadable', '--class-weights', weights, '--schedule', 'constant', '--warmup', '0.5'];
  const ran = await run([...args, ...changing, '--epochs', '1', '--no-report', '--output', path.join(tmp, 'one')]);
  expect(ran.code).toBe(0);
}, 120_000);

/** Makes the other one of the two images unreadable. */
function swap(): void {
  const [was, is] = [fs.readFileSync(ant), fs.readFileSync(bee)];
  fs.writeFileSync(ant, is);
  fs.writeFileSync(bee, was);
}

test.each([
  ['', (config: Config) => config],
  [', also where an older run has only paths', ({ unreadableNames: _, ...config }: Config) => config],
])('another unreadable image of the same name is another one%s', async (what, older) => {
  const output = copy(`swapped${what.length}`);
  expect(configOf(output)['unreadableNames']).toEqual(['train/ants/0001.jpg']);
  fs.writeFileSync(path.join(output, 'config.json'), JSON.stringify(older(configOf(output))));
  swap();
  const ran = await resume(output, '--epochs', '2');
  swap();
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/ants\/0001\.jpg could not be read when the run began, and now it can\. /);
});

test('a finished run says which command does what it was not asked for when it ran', async () => {
  const output = path.join(tmp, 'one');
  const { code, stdout } = await resume(output, '--calibrate', '--report', '--card', '--tensorboard');
  expect(code).toBe(0);
  expect(stdout).toContain(
    `--calibrate does nothing for a run that is finished: use npx resnet-ft calibrate ${output}`,
  );
  expect(stdout).toContain(`--report does nothing for a run that is finished: use npx resnet-ft report ${output}`);
  expect(stdout).toContain('--tensorboard does nothing for a run that is finished: only a run that trains writes it');
  // As when it ran.
  expect(stdout).not.toContain('--card');
});

test('a longer run has the class weights that the file held, and says that its warm-up is a longer one', async () => {
  const output = copy('longer');
  fs.rmSync(weights);
  expect(configOf(output)['classWeights']).toEqual([1, 2.5]);
  const ran = await resume(output, '--epochs', '2');
  expect({ code: ran.code, error: /^resnet-ft: .*/m.exec(ran.stderr)?.[0] }).toEqual({ code: 0, error: undefined });
  expect(ran.stdout).toContain('the run is of another length now, and the warm-up goes on as it would have been in');
  expect(configOf(output)['classWeights']).toEqual([1, 2.5]);
});
