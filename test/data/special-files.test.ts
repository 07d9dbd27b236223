import { execFileSync } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { decodeImage } from '../../lib/data/decode';
import { ANTS_BEES, run, scratch } from '../cli/run';
import { ONE_STEP } from '../train/small-run';

const folder = scratch();
const data = path.join(folder, 'photos');
const pipe = path.join(data, 'train', 'ants', 'pipe.jpg');
const zero = path.join(data, 'train', 'bees', 'zero.jpg');
const socket = path.join(data, 'val', 'ants', 'socket.jpg');
let server: net.Server;

test('a name that no file can have is unreadable, in words of our own', async () => {
  await expect(decodeImage('a\0b.jpg')).rejects.toMatchObject({
    code: 'IMAGE_UNREADABLE',
    message: 'a\\x00b.jpg: no file has a NUL character in its name',
  });
});

const onUnix = process.platform === 'win32' ? describe.skip : describe;

onUnix('files that are none', () => {
  beforeAll(async () => {
    cpSync(ANTS_BEES, data, { recursive: true });
    execFileSync('mkfifo', [pipe]);
    symlinkSync('/dev/zero', zero);
    server = net.createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  });
  afterAll(() => server.close());

  test.each([
    ['a named pipe', pipe, /: a named pipe, not a file/],
    ['a link to a device', zero, /: a device, not a file/],
    ['a socket', socket, /: a socket, not a file/],
    ['a folder', folder, /: a folder, not a file/],
  ])('%s is unreadable', async (_, file, reason) => {
    const message = await decodeImage(file).catch((error: Error) => error.message);
    expect(message).toMatch(reason);
    expect(message).toContain(file);
  });

  test('train refuses them by name, or goes on without them; so do eval and predict', async () => {
    const refused = await run(['train', data, ...ONE_STEP, '--output', path.join(folder, 'refused')]);
    expect(refused.code).toBe(1);
    for (const file of [pipe, zero, socket]) expect(refused.stderr).toContain(file);

    const output = path.join(folder, 'run');
    const cache = ['--cache-dir', path.join(folder, 'cache')];
    const trained = await run(['train', data, ...ONE_STEP, ...cache, '--skip-unreadable', '--output', output]);
    expect(trained.code).toBe(0);
    for (const file of [pipe, zero, socket]) expect(trained.stdout + trained.stderr).toContain(`${file}: a `);

    const evaluated = await run(['eval', output, path.join(data, 'val'), '--skip-unreadable']);
    expect(evaluated.code).toBe(0);
    expect(evaluated.stdout + evaluated.stderr).toContain(`${socket}: a `);
    const photo = path.join(data, 'val', 'bees', 'abeja.jpg');
    const predicted = await run(['predict', output, pipe, zero, socket, photo]);
    expect(predicted.code).toBe(1);
    for (const file of [pipe, zero, socket]) expect(predicted.stderr).toContain(file);
    expect(predicted.stdout).toContain('abeja.jpg');
  });
});
