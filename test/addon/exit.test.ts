import { spawnSync } from 'node:child_process';
import { ROOT } from '../cli/run';
import { ENDINGS, expectEndings } from './endings';

test.each(ENDINGS)('a process that ends while something computes: %s, with code %d', async (kind, code) => {
  await expectEndings(kind, code, 2);
});

test.each([
  ["'4'", 4],
  ['2 ** 32 + 5', 5],
])('process.exit(%s), which Node.js hands on as it is, ends as without the addon', (code, status) => {
  const program = `require('./dist/backend/native/load.js').loadAddon(); process.on('exit', () => console.log('heard')); process.exit(${code});`;
  const ran = spawnSync(process.execPath, ['-e', program], { cwd: ROOT, encoding: 'utf8' });
  expect([ran.status, ran.stdout, ran.stderr]).toEqual([status, 'heard\n', '']);
});
