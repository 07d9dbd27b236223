import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../cli/run';

test.each(['first-run', 'tests'])('the README marks the command %s, which .ci/run runs', (name) => {
  const ran = spawnSync(process.execPath, [path.join(ROOT, 'scripts', 'readme-commands.js'), name], {
    encoding: 'utf8',
  });
  expect(ran.stderr).toBe('');
  expect(ran.stdout).toMatch(/^[^\n]*npm [^\n]+\n$/);
});
