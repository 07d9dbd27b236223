import fs from 'node:fs';
import path from 'node:path';
import { records, run, scratch } from '../cli/run';
import { SMALL_RUN, startRun } from '../train/small-run';

const tmp = scratch();
const notes = (stdout: string): unknown[] =>
  records(stdout).flatMap((record) => (record['kind'] === 'note' ? [record['note']] : []));
const card = (folder: string): string => path.join(tmp, folder, 'README.md');
const training = (folder: string, ...args: string[]) =>
  run([...SMALL_RUN, '--steps', '1', '--no-report', '--json', '--output', path.join(tmp, folder), ...args]);

test('train leaves a model card, which a longer run brings up to date without what the author wrote', async () => {
  expect(await training('run')).toMatchObject({ code: 0, stderr: '' });
  const text = fs.readFileSync(card('run'), 'utf8');
  expect(text).toContain('1 optimizer step.');
  fs.writeFileSync(card('run'), text.replace('license: unknown', 'license: mit'));
  const longer = ['train', '--resume', path.join(tmp, 'run'), '--steps', '2', '--json'];
  expect(await run(longer)).toMatchObject({ code: 0, stderr: '' });
  const now = fs.readFileSync(card('run'), 'utf8');
  expect(now).toContain('2 optimizer steps.');
  expect(now).toContain('license: mit');
});

test('a card that was edited stays, and the run says so', async () => {
  fs.mkdirSync(path.join(tmp, 'edited'));
  fs.writeFileSync(card('edited'), 'mine');
  const { code, stdout } = await training('edited');
  expect(code).toBe(0);
  expect(notes(stdout)).toContain('README.md was edited and stays as it is; the new model card is in README.new.md');
  expect(fs.readFileSync(card('edited'), 'utf8')).toBe('mine');
});

test('a card that can not be written fails no training', async () => {
  fs.mkdirSync(card('folder'), { recursive: true });
  const { code, stdout } = await training('folder');
  expect(code).toBe(0);
  expect(notes(stdout)).toEqual([expect.stringMatching(/^the model card was not written: /)]);
  expect(fs.existsSync(path.join(tmp, 'folder', 'result.json'))).toBe(true);
});

test('--no-card leaves it out', async () => {
  expect(await training('none', '--no-card')).toMatchObject({ code: 0 });
  expect(fs.existsSync(card('none'))).toBe(false);
});

test('a run that is stopped has a card of what there was', async () => {
  const child = await startRun(['--epochs', '500', '--output', path.join(tmp, 'stopped')], '"kind":"epoch"');
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGINT');
  await ended;
  expect(fs.readFileSync(card('stopped'), 'utf8')).toContain('The training did not finish');
});
