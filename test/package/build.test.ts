import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { libraryName } from '../../lib/libtorch/inspect';
import { left } from '../cli/processes';
import { ROOT, scratch } from '../cli/run';
import { fakeLibtorch } from '../libtorch/fakes';

// A build from source, with a stand-in for cmake-js: how it ends is what this is about, and compiling takes minutes.

const tmp = scratch();
const packed = path.join(tmp, 'package');
const release = path.join(packed, 'build', 'Release');
const core = libraryName('resnet_ft_core');
const prebuilds = path.join(packed, 'prebuilds', `${process.platform}-${process.arch}`);
const pids = path.join(tmp, 'pids');

/** As cmake-js does it, the loader is there at once, and the core after the compiler, if at all. */
const CMAKE_JS = `
const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const value = (name) => {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? process.argv.find((arg) => arg.startsWith('--CD' + name + '='))?.slice(name.length + 5) : process.argv[at + 1];
};
if (process.argv[2] === 'build') {
  const out = value('CMAKE_LIBRARY_OUTPUT_DIRECTORY') ?? path.join(value('out'), 'Release');
  fs.mkdirSync(out, { recursive: true });
  fs.writeFileSync(path.join(out, 'resnet_ft.node'), process.env.BUILD);
  if (process.env.BUILD === 'fails') process.exit(1);
  if (process.env.BUILD === 'hangs') {
    const compiler = spawn('sleep', ['1000'], { stdio: 'ignore' });
    fs.writeFileSync(process.env.PIDS + '.new', [process.ppid, process.pid, compiler.pid].join(' '));
    fs.renameSync(process.env.PIDS + '.new', process.env.PIDS);
  } else {
    fs.writeFileSync(path.join(out, '${core}'), process.env.BUILD);
  }
}`;

beforeAll(() => {
  fs.mkdirSync(path.join(packed, 'scripts'), { recursive: true });
  for (const name of ['bin', 'dist', 'package.json']) {
    fs.cpSync(path.join(ROOT, name), path.join(packed, name), { recursive: true });
  }
  for (const name of ['build-native.js', 'build-target.js', 'gloo-headers.js']) {
    fs.copyFileSync(path.join(ROOT, 'scripts', name), path.join(packed, 'scripts', name));
  }
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(tmp, 'node_modules'), 'junction');
  const cmakeJs = path.join(packed, 'node_modules', 'cmake-js');
  fs.mkdirSync(cmakeJs, { recursive: true });
  fs.writeFileSync(path.join(cmakeJs, 'package.json'), JSON.stringify({ bin: { 'cmake-js': 'run.js' } }));
  fs.writeFileSync(path.join(cmakeJs, 'run.js'), CMAKE_JS);
  fs.mkdirSync(prebuilds, { recursive: true });
  fs.writeFileSync(path.join(prebuilds, 'resnet_ft.node'), 'prebuilt');
});

function build(how: string): ChildProcess {
  const env = {
    ...{ ...process.env, BUILD: how, PIDS: pids, RESNET_FT_OFFLINE: '1', RESNET_FT_GLOO: '' },
    LIBTORCH: fakeLibtorch(path.join(tmp, 'torch'), '2.13.0'),
  };
  return spawn(process.execPath, [path.join(packed, 'bin', 'resnet-ft.js'), 'build'], { env });
}

async function built(how: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = build(how);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...said };
}

/** The loader that the package takes. */
function taken(): string {
  const ask = `process.stdout.write(require('./dist/libtorch/loader.js').findLoader())`;
  return spawnSync(process.execPath, ['-e', ask], { cwd: packed, encoding: 'utf8' }).stdout;
}

const contents = (): string[] =>
  ['resnet_ft.node', core].map((name) => fs.readFileSync(path.join(release, name), 'utf8'));

const unix = process.platform === 'win32' ? describe.skip : describe;

unix('a build from source', () => {
  test('that fails leaves the prebuilt addon in use', async () => {
    expect(await built('fails')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('did not compile'),
    });
    expect(taken()).toBe(path.join(prebuilds, 'resnet_ft.node'));
  });

  test('goes before it once all is there', async () => {
    expect(await built('first')).toMatchObject({ code: 0, stdout: `${path.join(release, 'resnet_ft.node')}\n` });
    expect(fs.readdirSync(release).sort()).toEqual([core, 'resnet_ft.node'].sort());
    expect(contents()).toEqual(['first', 'first']);
    expect(taken()).toBe(path.join(release, 'resnet_ft.node'));
  });

  test('that fails later leaves both halves of the one before', async () => {
    expect(await built('fails')).toMatchObject({ code: 1 });
    expect(contents()).toEqual(['first', 'first']);
    expect(await built('second')).toMatchObject({ code: 0 });
    expect(contents()).toEqual(['second', 'second']);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends with its compilers on %s, and leaves what was there', async (signal, code) => {
    fs.rmSync(pids, { force: true });
    const child = build('hangs');
    const end = once(child, 'exit'); // what is left over would keep its streams open
    while (!fs.existsSync(pids) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
    // To the command alone, as a terminal does where the others are of another session.
    child.kill(signal);
    expect(await end).toEqual([code, null]);
    const started = fs.readFileSync(pids, 'utf8').split(' ').map(Number);
    const still = await left(started);
    for (const pid of still) process.kill(pid, 'SIGKILL');
    expect(still).toEqual([]);
    expect(contents()).toEqual(['second', 'second']);
  });
});
