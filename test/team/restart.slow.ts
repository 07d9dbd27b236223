import fs from 'node:fs';
import path from 'node:path';
import { run } from '../cli/run';
import { describeWithTorch } from '../python-torch';
import { BUILT_FOR_SEVERAL } from './built';
import { expectSame, folderOf, MAIN, output, SMALL } from './small-runs';

describeWithTorch('torchrun', (torch) => {
  (BUILT_FOR_SEVERAL ? test : test.skip)('goes on by itself after a process has died', async () => {
    const folder = folderOf('restarted');
    fs.mkdirSync(folder);
    const killer = path.join(folder, 'killer.js');
    // Dies once, in the midst of the second epoch.
    fs.writeFileSync(
      killer,
      `const fs = require('node:fs');
       const { RANK, TORCHELASTIC_RESTART_COUNT } = process.env;
       if (RANK === '1' && TORCHELASTIC_RESTART_COUNT === '0') setInterval(() => {
         const run = fs.existsSync('runs') ? fs.readdirSync('runs')[0] : undefined;
         const file = run && 'runs/' + run + '/metrics.jsonl';
         if (file && fs.existsSync(file) && fs.readFileSync(file, 'utf8').split('\\n').length > 9) {
           fs.writeFileSync('died', '');
           process.kill(process.pid, 'SIGKILL');
         }
       }, 20).unref();`,
    );
    const torchrun = ['--standalone', '--nproc-per-node', '2', '--max-restarts', '1', '--monitor-interval', '0.2'];
    torch.run(
      `import os\nos.chdir(${JSON.stringify(folder)})\nfrom torch.distributed.run import main\nmain(sys.argv[1:])`,
      [
        ...[...torchrun, '--no-python', process.execPath, '--require', killer, MAIN, ...SMALL],
        ...['--epochs', '8', '--checkpoint-every', '2'],
      ],
    );
    expect(fs.existsSync(path.join(folder, 'died'))).toBe(true);
    const [only, ...others] = fs.readdirSync(path.join(folder, 'runs'));
    expect(others).toEqual([]);
    fs.renameSync(path.join(folder, 'runs', only ?? ''), folderOf('gone-on'));
    expect((await run([...SMALL, '--nproc', '1', '--epochs', '8', ...output('eight')])).code).toBe(0);
    expectSame('gone-on', 'eight');
  });
});
