import fs from 'node:fs';
import path from 'node:path';
import { scratch } from '../cli/run';
import { callApi } from '../predict/call-api';

const folder = scratch();

test.each([
  ['longer than names can be', () => `${'a'.repeat(300)}.pth`, /name too long/],
  ['below a file', () => path.join(fileIn('model.safetensors'), 'model.safetensors'), /not a directory/],
  ['a link in a circle', () => linkTo('circle'), /too many symbolic links/],
])('a model whose path is %s is an error with a code that names it', async (_, make, reason) => {
  const model = make();
  const said = await callApi<string, { code: string; message: string }>(async ({ api }, given) => {
    const { code, message } = await api.loadModel(given).then(
      () => ({ code: 'none', message: '' }),
      (error: { code: string; message: string }) => error,
    );
    return { code, message };
  }, model);
  expect(said).toEqual({ code: 'WEIGHTS_INVALID', message: expect.stringMatching(reason) });
  expect(said.message).toContain(model);
});

function fileIn(name: string): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, '');
  return file;
}

function linkTo(name: string): string {
  const link = path.join(folder, name);
  fs.symlinkSync(name, link);
  return link;
}
