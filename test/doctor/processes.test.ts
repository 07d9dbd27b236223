import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkProcesses } from '../../lib/doctor/processes';
import type { StageResult } from '../../lib/doctor/run-probe';
import { libraryFile } from '../libtorch/fakes';
import { BUILT_FOR_SEVERAL } from '../team/built';
import { diagnose, PackageCopy } from './package-copy';

const found = (stage: StageResult) => checkProcesses(new Map([['processes', stage]]));

const onLinux = BUILT_FOR_SEVERAL ? test : test.skip;
onLinux('the library that several processes need is opened and named', async () => {
  const { check } = await diagnose();
  expect(check('processes')).toMatchObject({
    status: 'ok',
    found: expect.stringMatching(/^several can train together \(.*resnet_ft_c10d-2\.\d+\.\w+\)$/),
    data: { file: expect.stringContaining('resnet_ft_c10d-') },
  });
});

onLinux(
  'one that is missing or broken is a warning that says what to do',
  async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-processes-'));
    try {
      const copy = new PackageCopy(folder);
      const whole = (await copy.doctor()).check('processes').data as { file: string };
      expect(path.dirname(whole.file)).toBe(copy.path('build', 'Release'));
      fs.truncateSync(whole.file, 8);
      expect((await copy.doctor()).check('processes')).toMatchObject({
        status: 'warning',
        found: expect.stringMatching(/^one at a time: .*resnet_ft_c10d-.* can't be opened: /),
        fix: expect.stringContaining('npx resnet-ft build'),
      });
      fs.renameSync(whole.file, copy.path('build', 'Release', libraryFile('resnet_ft_c10d-2.99')));
      expect((await copy.doctor()).check('processes')).toMatchObject({
        status: 'warning',
        found: expect.stringMatching(
          /^one at a time: this addon has no part for several processes .* has those for 2\.99$/,
        ),
        fix: expect.stringMatching(/npx resnet-ft build.*libgloo-dev/),
      });
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);

test('what was not reached, and what ended the process that opened it', () => {
  expect(checkProcesses(new Map())).toMatchObject({ status: 'ok', found: expect.stringContaining('not known') });
  expect(found({ error: { code: '', message: 'it crashed (SIGSEGV)' } })).toMatchObject({
    status: 'warning',
    found: 'opening what several need: it crashed (SIGSEGV)',
  });
});
