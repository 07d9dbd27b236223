import fs from 'node:fs';
import path from 'node:path';
import { ResnetFtError } from '../../lib/errors';
import { salvage } from '../../lib/train/salvage';
import { readStateDict } from '../../lib/weights/index';
import { ANTS_BEES, scratch } from '../cli/run';
import { callApi } from '../predict/call-api';

const tmp = scratch();
const recipe = {
  ...{ data: ANTS_BEES, weights: 'none', arch: 'resnet18', batchSize: 4, imageSize: 64 },
  ...{ device: 'cpu', cropCache: '0' },
};

interface Failing {
  options: object;
  /** Ends the run: an exception of the caller at such an event, or a metrics file without room. */
  end: { kind: 'step' | 'epoch'; epoch: number } | 'full metrics';
}

interface Failed {
  message: string;
  code?: string;
  hint?: string;
}

/** Trains until the run is ended; its error, and the weights in its folder, which are whole. */
async function failing(name: string, failure: Failing): Promise<{ error: Failed; files: string[] }> {
  const output = path.join(tmp, name);
  const error = await callApi(
    async ({ api }, { options, end }) => {
      const { symlinkSync } = await import('node:fs');
      const given = options as Parameters<typeof api.train>[0] & { output: string };
      const onEvent: NonNullable<NonNullable<Parameters<typeof api.train>[1]>['onEvent']> = (event) => {
        if (end === 'full metrics') {
          if (event.kind === 'start') symlinkSync('/dev/full', `${given.output}/metrics.jsonl`);
        } else if (event.kind === end.kind && event.epoch === end.epoch) {
          throw new Error('mine');
        }
      };
      const error = await api.train(given, { onEvent }).then(
        () => ({ message: 'none' }),
        (reason: Error & { code?: string; hint?: string }) => reason,
      );
      return { ...error, message: error.message };
    },
    { options: { ...recipe, ...failure.options, output }, end: failure.end },
  );
  const files = fs.readdirSync(output).filter((file) => file.endsWith('.safetensors'));
  for (const file of files) await readStateDict(path.join(output, file));
  return { error, files: files.sort() };
}

(process.platform === 'linux' ? test : test.skip).each([
  ['best', ['last.safetensors']],
  ['last', ['last.safetensors', 'model.safetensors']],
])('an error under --keep %s leaves %j, and says so', async (keep, files) => {
  const output = path.join(tmp, `full-${keep}`);
  const failed = await failing(`full-${keep}`, { options: { keep, epochs: 3 }, end: 'full metrics' });
  expect(failed.files).toEqual(files);
  expect(failed.error).toMatchObject({
    code: 'OUTPUT_NOT_WRITABLE',
    message: expect.stringMatching(/metrics\.jsonl can't be written: no space left on device \(ENOSPC\)$/) as string,
    hint: `The weights so far are saved in ${output}: ${files.join(' and ')}. Go on with: npx resnet-ft train --resume ${output}`,
  });
});

// The last fifth of ten steps begins in the third epoch, that of 13 in the fourth: until then there is no least loss.
test.each<[string, Failing, string[]]>([
  ['best', { options: { epochs: 3 }, end: { kind: 'step', epoch: 2 } }, ['last.safetensors', 'model.safetensors']],
  ['min-batch-loss', { options: { steps: 10 }, end: { kind: 'step', epoch: 2 } }, ['last.safetensors']],
  [
    'min-batch-loss',
    { options: { steps: 13 }, end: { kind: 'epoch', epoch: 4 } },
    ['last.safetensors', 'model.safetensors'],
  ],
])(
  'an exception of the caller in a later epoch under --keep %s (%j) stays what it is',
  async (keep, failure, files) => {
    const name = `thrown-${keep}-${files.length}`;
    const failed = await failing(name, { ...failure, options: { ...failure.options, keep } });
    expect(failed).toEqual({ error: { message: 'mine' }, files });
  },
);

test('where saving fails too, the first error stays, and names what is lost', async () => {
  const lost = { file: '/run/last.safetensors', save: () => Promise.reject(new Error('the disk is full')) };
  const first = Object.assign(new Error('no memory'), { code: 'NATIVE_ERROR' });
  const error = await salvage(first, ['/run/model.safetensors'], [lost]);
  expect(error).toBeInstanceOf(ResnetFtError);
  expect(error).toMatchObject({
    code: 'NATIVE_ERROR',
    message: 'no memory',
    hint: 'The weights so far are saved in /run: model.safetensors. Not saved: the disk is full',
    cause: first,
  });
});
