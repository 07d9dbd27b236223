import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { checkOutputFile } from '../../lib/files/output-file';
import { scratch } from '../cli/run';

const tmp = scratch();
const unix = process.platform === 'win32' ? test.skip : test;

unix('a pipe or a device is no file that may be replaced, by itself or through a link', async () => {
  const [pipe, link, target] = ['pipe.csv', 'link.csv', 'target.csv'].map((name) => path.join(tmp, name)) as [
    string,
    string,
    string,
  ];
  execFileSync('mkfifo', [pipe]);
  fs.symlinkSync(pipe, link);
  for (const file of [pipe, link, '/dev/null']) {
    await expect(checkOutputFile(file, '--output')).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: `cannot write ${file}: it is a pipe, a device or a socket`,
    });
  }
  fs.writeFileSync(target, 'old');
  fs.symlinkSync(target, path.join(tmp, 'to-a-file.csv'));
  for (const name of ['target.csv', 'to-a-file.csv', 'new.csv'])
    await checkOutputFile(path.join(tmp, name), '--output');
});
