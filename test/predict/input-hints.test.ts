import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decodeImage } from '../../lib/data/decode';
import { withoutName } from '../../lib/data/reason';
import type { ResnetFtError } from '../../lib/errors';
import { commandWords, expandInputs, explainInput } from '../../lib/predict/inputs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-hints-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const fail = (): never => {
  throw new Error('not to be called');
};
const failure = (input: string): Promise<ResnetFtError> =>
  decodeImage(input).then(fail, (error: ResnetFtError) => error);

test.each([
  ['https://example.org/a.jpg', /^This is an address: download it first, and give its path, or the bytes /],
  ['file:///photos/a.jpg', /^Give a path, or the bytes of the image in a Buffer or Uint8Array, not a URL$/],
  ['"a.jpg"', /^The quotes are part of the name: leave them out$/],
  ['~/a.jpg', /^~ is not expanded inside quotes: give the whole path$/],
])('of %s it says what to give instead', async (input, hint) => {
  expect(await failure(input)).toMatchObject({ code: 'IMAGE_UNREADABLE', hint: expect.stringMatching(hint) });
});

test('a data: URL does not fill the screen', async () => {
  const url = `data:image/jpeg;base64,${'A'.repeat(90_000)}`;
  const error = await failure(url);
  expect(error.message.length).toBeLessThan(400);
  expect(error.message).toMatch(/^data:image\/jpeg;base64,A+…A+: /);
  expect(error.hint).toMatch(/^Give a path, or the bytes /);
  expect(withoutName(error.message, url)).not.toContain('AAA');
});

test('a glob that matches nothing for its tilde or its address says so', async () => {
  const problems = new Map<string, ResnetFtError>();
  const list = (): AsyncIterable<string> => fail();
  for await (const name of expandInputs(['~/photos/*.jpg', 'https://example.org/a.jpg?size=1'], { list, problems }))
    expect(problems.get(name)?.hint).toMatch(/inside quotes|^This is an address/);
  expect(problems.size).toBe(2);
});

test('of a list and an archive that were typed it says what to do', async () => {
  const put = (name: string, content: string): string => {
    fs.writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  const list = put("it's a list.txt", 'a.jpg\nb.jpg\n');
  const zip = put('base.zip', 'PK\x03\x04');
  const hintOf = async (file: string, args: string[]): Promise<string | undefined> =>
    explainInput(await failure(file), file, args, commandWords('predict', 'runs/my run')).hint;
  expect(await hintOf(list, [list])).toBe(
    `A list of paths goes to standard input: npx resnet-ft predict 'runs/my run' - < '${folder}/it'\\''s a list.txt'`,
  );
  expect(await hintOf(zip, [zip])).toBe('Unpack it first');
  expect((await failure(zip)).message).toBe(`${zip}: a zip archive, not an image`);
  expect(await hintOf(zip, [folder])).toBeUndefined();
});
