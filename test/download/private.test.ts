import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { download, type DownloadEvent } from '../../lib/download';
import { pytorchUrl } from '../../lib/download/mirror';
import { shownUrl } from '../../lib/download/shown-url';
import { scratch } from '../cli/run';
import { localServer, sendFile, sha256, someBytes } from './server';

// What a mirror, a server on the way and others who can write to the cache must not come by.

const BODY = someBytes(100_000);
const FAST = { backoff: 2, longestPause: 50, stall: 20_000, connect: 20_000, staleLock: 2000, retries: 0 };
const folder = scratch();
const server = localServer();
const other = localServer();
let files = 0;

const withLogin = (url: string): string => url.replace('http://', 'http://me:s3cret@');
const target = (): string => {
  const file = path.join(folder, `file-${++files}`, 'weights.pth');
  fs.mkdirSync(path.dirname(file));
  return file;
};
const get = (url: string, file: string, onProgress: (event: DownloadEvent) => void = () => {}): Promise<unknown> =>
  download({ url, file, sha256: sha256(BODY), tuning: FAST, onProgress }).catch((error: unknown) => error);

describe('the login of a URL', () => {
  test.each([
    ['https://me:s3cret@mirror.example/a', 'https://mirror.example/a'],
    ['https://me:s3cret@mirror.example:99999/a', 'https://mirror.example:99999/a'],
    ['ftp://me:s3%40cret@mirror.example/a', 'ftp://mirror.example/a'],
    ['https://mirror.example/a@b', 'https://mirror.example/a@b'],
  ])('of %s is not shown', (url, shown) => expect(shownUrl(url)).toBe(shown));

  test('is not shown where RESNET_FT_MIRROR is refused', () => {
    for (const mirror of ['ftp://me:s3cret@mirror.example/', 'https://me:s3cret@mirror.example:99999/']) {
      process.env['RESNET_FT_MIRROR'] = mirror;
      try {
        expect(() => pytorchUrl('a.pth')).toThrow(/RESNET_FT_MIRROR/);
        expect(() => pytorchUrl('a.pth')).not.toThrow(/s3cret/);
      } finally {
        delete process.env['RESNET_FT_MIRROR'];
      }
    }
  });

  test('is in no file beside a download that broke off, which goes on all the same', async () => {
    server.answer((_, response) => {
      response.writeHead(200, { etag: '"a"', 'content-length': BODY.length });
      response.write(BODY.subarray(0, 60_000));
    });
    const file = target();
    const stop = new AbortController();
    const request = { url: withLogin(server.url), file, sha256: sha256(BODY), signal: stop.signal };
    const onProgress = (event: DownloadEvent): void => {
      if (event.kind === 'bytes' && event.received === 60_000) stop.abort();
    };
    await expect(download({ ...request, onProgress })).rejects.toMatchObject({ code: 'ABORTED' });
    const left = fs.readdirSync(path.dirname(file)).filter((name) => name.endsWith('.json'));
    expect(left).toEqual(['weights.pth.part.json']);
    expect(fs.readFileSync(`${file}.part.json`, 'utf8')).not.toMatch(/s3cret|me:/);
    server.answer((request, response) => sendFile(request, response, BODY, { etag: '"a"' }));
    expect(await get(withLogin(server.url), file)).toBe(file);
    expect(server.requests[0]?.headers.range).toBe('bytes=60000-');
  });

  test('is not sent on to another server, and not told by any event', async () => {
    server.answer((_, response) => response.writeHead(302, { location: `${other.url}/elsewhere` }).end());
    other.answer((request, response) => sendFile(request, response, BODY));
    const events: DownloadEvent[] = [];
    const file = target();
    expect(await get(withLogin(server.url), file, (event) => events.push(event))).toBe(file);
    expect(server.requests[0]?.headers.authorization).toMatch(/^Basic /);
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
    expect(JSON.stringify(events)).not.toContain('s3cret');
  });
});

test.each(['file:///etc/passwd', 'ftp://127.0.0.1/a', 'data:text/plain,abc', '//[', 'gopher://127.0.0.1:70/_x'])(
  'a redirection to %s is refused',
  async (location) => {
    server.answer((_, response) => response.writeHead(302, { location }).end());
    const file = target();
    expect(await get(server.url, file)).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(fs.readdirSync(path.dirname(file))).toEqual([]);
  },
);

describe('what others put into the folder', () => {
  test.each(['.part', '.part.json'])('a link in place of %s is not written through', async (suffix) => {
    server.answer((request, response) => sendFile(request, response, BODY));
    const file = target();
    const precious = path.join(folder, `precious-${files}`);
    fs.writeFileSync(precious, 'mine');
    fs.symlinkSync(precious, `${file}${suffix}`);
    await get(server.url, file);
    expect(fs.readFileSync(precious, 'utf8')).toBe('mine');
  });

  test('a pipe with the name of the file is told, and not waited for', async () => {
    const file = target();
    execFileSync('mkfifo', [file]);
    expect(await get(server.url, file)).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('named pipe'),
    });
  });
});
