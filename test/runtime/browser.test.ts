import fs from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { PREPROCESSING } from '../../lib/options';
import { openUrl, withBrowser, type Opened } from '../browser/browser';
import { ROOT, run, scratch } from '../cli/run';
import { makeTensors, writeModel } from '../export/made-model';
import { ask, IMAGES, makeProject, type Answer, type Question } from './package';
import { serve } from './serve';

const tmp = scratch();
const CLASSES = ['ants', 'bees', 'wasps', '蜜蜂 🐝', '__proto__'];

withBrowser('in a browser', () => {
  const project = path.join(tmp, 'project');
  const models = path.join(tmp, 'models');
  const images = path.join(tmp, 'images');
  let site: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    makeProject(project);
    fs.mkdirSync(images);
    site = await serve({
      page: __dirname,
      project,
      runtime: path.join(project, 'node_modules', '@resnet-ft', 'runtime'),
      onnxruntime: path.join(ROOT, 'node_modules', 'onnxruntime-web', 'dist'),
      fixtures: path.join(ROOT, 'test', 'fixtures', 'ants-bees'),
      models,
      images,
    });
  });
  afterAll(() => site?.close());

  let opened: Promise<Opened> | undefined;
  afterAll(async () => (await opened)?.close());

  /** The page, which is opened once. */
  async function ready(): Promise<Opened> {
    opened ??= openUrl(`${site.origin}/page/page.html`);
    await (await opened).page.waitForFunction('window.ask !== undefined');
    return opened;
  }

  /** Asks in the page as `ask` does in Node.js; places are addresses. */
  async function askPage(question: Question): Promise<Answer> {
    const { page } = await ready();
    return page.evaluate<Answer>(`ask(${JSON.stringify(question)})`);
  }

  async function exported(name: string, other: Partial<typeof PREPROCESSING> = {}, end = '.onnx'): Promise<string> {
    const preprocessing = { ...PREPROCESSING, ...other };
    const card = { arch: 'resnet18' as const, classes: CLASSES, preprocessing };
    const model = path.join(models, `${name}.safetensors`);
    fs.mkdirSync(models, { recursive: true });
    await writeModel(model, card, makeTensors(card));
    const output = path.join(models, `${name}${end}`);
    expect(await run(['export', model, '--format', 'onnx', '--output', output, '--force'])).toMatchObject({
      code: 0,
      stderr: '',
    });
    return output;
  }

  const addressOf = (file: string): string =>
    `${site.origin}/fixtures/${path.relative(path.join(ROOT, 'test', 'fixtures', 'ants-bees'), file)}`;

  /** Greatest difference of two lists of bytes. */
  function furthest(a: string, b: string): number {
    const [one, other] = [Buffer.from(a, 'base64'), Buffer.from(b, 'base64')];
    expect(one.length).toBe(other.length);
    return one.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? NaN))), 0);
  }

  test('ants and bees: what Node.js says of them, from the folder for transformers.js', async () => {
    const model = await exported('full', { resize: 146, crop: 128 }, '/');
    const inNode = await ask(project, { model, images: IMAGES, topK: 5, crops: true });
    const question = { model: `${site.origin}/models/full/`, images: IMAGES.map(addressOf), topK: 5, crops: true };
    const { predictions, crops, error } = await askPage(question);
    const { complaints, requests } = await ready();
    expect({ error, complaints }).toEqual({ error: undefined, complaints: [] });
    expect(requests.every((url) => url.startsWith(site.origin))).toBe(true);
    const differences = predictions.flatMap((one, i) => {
      const other = inNode.predictions[i];
      expect(one.class).toBe(other?.class);
      expect(one.file).toBe(addressOf(other?.file ?? ''));
      return one.top.map(({ index, probability }) => {
        const same = other?.top.find((score) => score.index === index);
        return Math.abs(probability - (same?.probability ?? NaN));
      });
    });
    const levels = crops.map((crop, i) => furthest(crop, inNode.crops[i] ?? ''));
    // Chromium's decoder and sharp's are both libjpeg-turbo, and give the same bytes; another version may not: docs/runtime.md has its effect.
    expect(Math.max(...differences)).toBeLessThan(1e-5);
    expect(levels).toEqual(IMAGES.map(() => 0));
  });

  test.each([false, true])(
    'other formats are the same to the byte, alpha and colour profiles among them; turned by EXIF: %s',
    async (exifRotate) => {
      const noise = Buffer.from(Uint8Array.from({ length: 90 * 61 * 4 }, (_, i) => (i * 7919) % 251));
      const drawn = sharp(noise, { raw: { width: 90, height: 61, channels: 4 } });
      const made: Record<string, sharp.Sharp> = {
        'plain.png': drawn.clone().removeAlpha().png(),
        'gray.png': drawn.clone().removeAlpha().grayscale().png(),
        'alpha.png': drawn.clone().png(),
        'alpha.webp': drawn.clone().webp({ lossless: true, exact: true }),
        'lossy.webp': drawn.clone().removeAlpha().webp(),
        'profile.png': drawn.clone().removeAlpha().withIccProfile('p3').png(),
      };
      for (let orientation = 1; orientation <= 8; orientation++) {
        made[`turned-${orientation}.jpg`] = drawn.clone().removeAlpha().jpeg().withMetadata({ orientation });
      }
      const turned = { orientation: 6 };
      made['turned.png'] = drawn.clone().png().withMetadata(turned);
      made['turned.webp'] = drawn.clone().webp().withMetadata(turned).withIccProfile('p3');
      for (const [name, image] of Object.entries(made)) await image.toFile(path.join(images, name));
      const files = Object.keys(made);
      const model = await exported('small', { resize: 73, crop: 64, fit: 'pad', exifRotate });
      const inNode = await ask(project, { model, images: files.map((name) => path.join(images, name)), crops: true });
      const asked = {
        model: `${site.origin}/models/small.onnx`,
        images: files.map((name) => `${site.origin}/images/${name}`),
      };
      const { crops, error } = await askPage({ ...asked, crops: true });
      expect(error).toBeUndefined();
      const levels = Object.fromEntries(
        files.map((name, i) => [name, furthest(crops[i] ?? '', inNode.crops[i] ?? '')]),
      );
      expect(levels).toEqual(Object.fromEntries(files.map((name) => [name, 0])));
    },
  );
  test('an orientation counts wherever Node.js finds one, and nowhere else', async () => {
    const noise = Buffer.from(Uint8Array.from({ length: 90 * 61 * 3 }, (_, i) => (i * 7919) % 251));
    const drawn = sharp(noise, { raw: { width: 90, height: 61, channels: 3 } });
    const png = await drawn.clone().png().toBuffer();
    const jpeg = await drawn.clone().jpeg().toBuffer();
    const webp = await drawn.clone().webp().withMetadata({ orientation: 6 }).toBuffer();

    /** EXIF data that say nothing but the orientation. */
    const exif = (orientation: number): Buffer =>
      Buffer.from(
        `49492a000800000001001201030001000000${orientation.toString().padStart(2, '0')}00000000000000`,
        'hex',
      );
    const xmp = (orientation: number): Buffer => Buffer.from(`<rdf tiff:Orientation="${orientation}"/>`);
    const profile = (orientation: number): string => `\nexif\n      32\n${exif(orientation).toString('hex')}\n`;
    const chunk = (name: string, ...parts: (string | Buffer)[]): Buffer => {
      const content = Buffer.concat(
        parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
      );
      const framed = Buffer.concat([Buffer.alloc(4), Buffer.from(name), content, Buffer.alloc(4)]);
      framed.writeUInt32BE(content.length);
      framed.writeUInt32BE(crc32(framed.subarray(4, -4)), framed.length - 4);
      return framed;
    };
    const pngWith = (...chunks: Buffer[]): Buffer => Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
    const segment = (name: string, content: Buffer): Buffer => {
      const framed = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 0]), Buffer.from(name), content]);
      framed.writeUInt16BE(framed.length - 2, 2);
      return framed;
    };
    const jpegWith = (...segments: Buffer[]): Buffer =>
      Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
    const [ofExif, ofXmp] = ['Exif\0\0', 'http://ns.adobe.com/xap/1.0/\0'];
    const unsaid = Buffer.from(webp);
    unsaid[20] = (unsaid[20] ?? 0) & ~0x08;
    /** An animation of one frame, whose length takes in the EXIF data that stand behind it. */
    const framed = (): Buffer => {
      const [head, pixels, described] = [12, webp.indexOf('VP8 '), webp.indexOf('EXIF')];
      const vp8x = Buffer.from(webp.subarray(head, head + 18));
      vp8x[8] = 0x02 | 0x08;
      const frame = Buffer.alloc(24);
      frame.write('ANMF');
      frame.writeUInt32LE(16 + webp.length - pixels, 4);
      // What the frame's canvas is, less one.
      frame.writeUIntLE(89, 14, 3);
      frame.writeUIntLE(60, 17, 3);
      const parts = [vp8x, Buffer.from('ANIM\x06\0\0\0\0\0\0\0\0\0'), frame, webp.subarray(pixels, described)];
      const whole = Buffer.concat([webp.subarray(0, head), ...parts, webp.subarray(described)]);
      whole.writeUInt32LE(whole.length - 8, 4);
      return whole;
    };
    const PROFILE = 'Raw profile type exif\0';
    const XMP = 'XML:com.adobe.xmp\0';
    const made: Record<string, Buffer> = {
      'magick-6.png': pngWith(chunk('zTXt', PROFILE, '\0', deflateSync(profile(6)))),
      'magick-text.png': pngWith(chunk('tEXt', PROFILE, profile(8))),
      'magick-damaged.png': pngWith(chunk('zTXt', PROFILE, '\0', Buffer.alloc(20, 7))),
      'text.png': pngWith(chunk('tEXt', 'exif\0', exif(3))),
      'compressed.png': pngWith(chunk('iTXt', XMP, '\x01\0\0\0', deflateSync(xmp(5)))),
      'cut-off.png': pngWith(chunk('iTXt', XMP, '\x01\0\0\0', deflateSync(xmp(5)).subarray(0, -4))),
      'more-behind.png': pngWith(chunk('zTXt', PROFILE, '\0', deflateSync(profile(6)), 'more')),
      'last.png': pngWith(chunk('iTXt', XMP, '\0\0\0\0', xmp(3)), chunk('iTXt', XMP, '\0\0\0\0', xmp(6))),
      'latin.png': pngWith(chunk('iTXt', XMP, '\0\0\0\0', xmp(6)), chunk('iTXt', XMP, '\0\0\0\0', '\xff', xmp(3))),
      'unsaid.webp': unsaid,
      'framed.webp': framed(),
      'bytes-between.jpg': jpegWith(segment('', Buffer.from('any')), Buffer.from('odd'), segment(ofExif, exif(6))),
      'no-tiff.jpg': jpegWith(segment(ofExif, Buffer.from('none at all')), segment(ofXmp, xmp(6))),
      'last.jpg': jpegWith(segment(ofXmp, xmp(3)), segment(ofXmp, xmp(6))),
    };
    const files = Object.keys(made);
    for (const name of files) fs.writeFileSync(path.join(images, name), made[name] ?? '');
    const model = await exported('small', { resize: 73, crop: 64, fit: 'pad', exifRotate: true });
    const inNode = await ask(project, { model, images: files.map((name) => path.join(images, name)), crops: true });
    const { crops, error } = await askPage({
      model: `${site.origin}/models/small.onnx`,
      images: files.map((name) => `${site.origin}/images/${name}`),
      crops: true,
    });
    expect([inNode.error, error]).toEqual([undefined, undefined]);
    // Upright, and turned in four ways.
    expect(new Set(inNode.crops.slice(0, files.indexOf('unsaid.webp'))).size).toBe(5);
    const same = Object.fromEntries(files.map((name, i) => [name, crops[i] === inNode.crops[i]]));
    expect(inNode.crops[files.indexOf('framed.webp')]).not.toBe(inNode.crops[files.indexOf('unsaid.webp')]);
    expect(same).toEqual(Object.fromEntries(files.map((name) => [name, true])));
  });

  test('pixels, files and bytes are images too; an element is not', async () => {
    await exported('small', { resize: 73, crop: 64 });
    const { page } = await ready();
    const [address, model] = [addressOf(IMAGES[0] ?? ''), `${site.origin}/models/small.onnx`].map((url) =>
      JSON.stringify(url),
    );
    const said = await page.evaluate<{ error?: string; class: string; probability: number }[]>(`(async () => {
      const model = await runtime.loadModel(new URL(${model}));
      const blob = await (await fetch(${address})).blob();
      const bitmap = await createImageBitmap(blob);
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      canvas.drawImage(bitmap, 0, 0);
      const pixels = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
      const several = await model.predict([new URL(${address}), blob, await blob.arrayBuffer(), pixels, new File([blob], 'a')]);
      const wrong = await model.predict(document.body).catch(({ code, message }) => ({ error: code + ' ' + message }));
      await model.close();
      const closed = await model.predict(blob).catch(({ code }) => ({ error: code }));
      return [...several, wrong, closed];
    })()`);
    const [first, ...others] = said;
    for (const one of others.slice(0, 4)) {
      expect(one).toMatchObject({ class: first?.class, probability: expect.closeTo(first?.probability ?? NaN, 6) });
    }
    expect(others[4]?.error).toMatch(/^INVALID_OPTION Expected an address, bytes, a Blob or pixels for the image/);
    expect(others[5]?.error).toBe('MODEL_CLOSED');
  });

  test('what a browser would decode otherwise, or not at all, is an error of one line', async () => {
    const noise = Buffer.from(Uint8Array.from({ length: 30 * 20 * 3 }, (_, i) => (i * 7919) % 251));
    const drawn = sharp(noise, { raw: { width: 30, height: 20, channels: 3 } });
    await drawn.clone().toColourspace('cmyk').jpeg().toFile(path.join(images, 'cmyk.jpg'));
    await drawn.clone().toColourspace('rgb16').png().toFile(path.join(images, 'deep.png'));
    await drawn.clone().gif().toFile(path.join(images, 'some.gif'));
    const png = await drawn.clone().png().toBuffer();
    fs.writeFileSync(path.join(images, 'broken.png'), png.subarray(0, 40));
    fs.writeFileSync(path.join(images, 'empty.png'), '');
    await exported('small', { resize: 73, crop: 64 });
    const model = `${site.origin}/models/small.onnx`;
    for (const [name, reason] of [
      ['cmyk.jpg', /a CMYK JPEG/],
      ['deep.png', /a PNG of 16 bits/],
      ['some.gif', /not a JPEG, PNG or WebP/],
      ['broken.png', /the browser can't decode it$/],
      ['empty.png', /the file is empty$/],
      ['nothing.png', /the server answers 404/],
    ] as const) {
      const { error } = await askPage({ model, images: [`${site.origin}/images/${name}`] });
      expect(error).toMatchObject({ code: 'IMAGE_UNREADABLE' });
      expect(error?.message).toMatch(reason);
    }
    expect((await askPage({ model: `${site.origin}/models/none.onnx` })).error).toMatchObject({
      code: 'DOWNLOAD_FAILED',
    });
    expect((await askPage({ model: `${site.origin}/page/page.html` })).error).toMatchObject({
      code: 'WEIGHTS_INVALID',
    });
  });
  test('the page of docs/runtime.md, as it stands, says what an image is and what is wrong with one', async () => {
    const text = fs.readFileSync(path.join(ROOT, 'docs', 'runtime.md'), 'utf8');
    const file = path.join(project, 'index.html');
    fs.writeFileSync(file, /```html\n([\s\S]*?)```/.exec(text)?.[1] ?? '');
    const model = await exported('small', { resize: 73, crop: 64 });
    fs.copyFileSync(model, path.join(project, 'model.onnx'));
    const { page, complaints, close } = await openUrl(`${site.origin}/project/index.html`);
    const says = (what: string) =>
      page.waitForFunction(`document.querySelector('output').textContent.includes('${what}')`);
    await says('choose an image');
    await page.setInputFiles('input', IMAGES[0] ?? '');
    const { predictions } = await ask(project, { model, images: IMAGES.slice(0, 1) });
    const { class: name = '', probability = NaN } = predictions[0] ?? {};
    await says(`${name} ${(100 * probability).toFixed(1)} %`);
    await page.setInputFiles('input', file);
    await says('not a JPEG, PNG or WebP');
    expect(complaints).toEqual([]);
    await close();
  });
});
