import fs from 'node:fs';
import path from 'node:path';
import { run, scratch } from '../cli/run';
import { SMALL_RUN } from '../train/small-run';

const tmp = scratch();

// Where addresses are limited (`ulimit -v`), what undici needs for its parser can't be had; test/faults/limits.slow.ts tries that.
test('a training that has nothing to download does not load undici', async () => {
  const [hook, loaded] = [path.join(tmp, 'hook.js'), path.join(tmp, 'loaded')];
  const file = JSON.stringify(loaded);
  fs.writeFileSync(
    hook,
    `process.on('exit', () => require('fs').writeFileSync(${file}, Object.keys(require('module')._cache).join('\\n')));`,
  );
  const args = [...SMALL_RUN, '--steps', '1', '--output', path.join(tmp, 'run')];
  const { code } = await run(args, { env: { NODE_OPTIONS: `--require ${hook}` } });
  const names = fs.readFileSync(loaded, 'utf8');
  expect({ code, ours: names.includes('download'), undici: names.includes('undici') }).toEqual({
    ...{ code: 0, ours: true, undici: false },
  });
});
