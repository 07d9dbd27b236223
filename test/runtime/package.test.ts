import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT, scratch } from '../cli/run';
import { packRuntime } from './package';

/** Packed, with room for a few bytes more or less, which another zlib makes; and what a browser loads of it, gzipped. */
const MAX_PACKED_BYTES = 53e3;
const MAX_BROWSER_BYTES = 16e3;

const tmp = scratch();
const tarball = packRuntime(tmp, false);
execFileSync('tar', ['-xzf', tarball], { cwd: tmp });
const folder = path.join(tmp, 'package');
const read = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8');

test('the tarball is small, and holds these files and no others', () => {
  expect(fs.readdirSync(folder).sort()).toEqual(
    [
      ...['LICENSE', 'NOTICES.txt', 'README.md', 'package.json'],
      ...['browser.mjs', 'node.cjs', 'node.mjs', 'index.d.mts', 'index.d.ts'],
    ].sort(),
  );
  expect(fs.statSync(tarball).size).toBeLessThan(MAX_PACKED_BYTES);
  expect(gzipSync(read('browser.mjs')).length).toBeLessThan(MAX_BROWSER_BYTES);
});

test('it installs nothing, runs nothing, and has the version of the main package', () => {
  const manifest = JSON.parse(read('package.json'));
  const main = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  for (const name of ['scripts', 'dependencies', 'optionalDependencies', 'private'])
    expect(manifest).not.toHaveProperty(name);
  for (const name of Object.keys(manifest.peerDependencies)) {
    expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true });
  }
  expect(manifest.version).toBe(main.version);
  expect(manifest.peerDependencies.sharp).toBe(main.dependencies.sharp);
});

test('the bundle for browsers needs onnxruntime-web and nothing else, and the licences of what is in it are there', () => {
  const bundle = read('browser.mjs');
  expect([...bundle.matchAll(/\b(?:import|require)\(["']([^"']+)/g)].map(([, name]) => name)).toEqual([
    'onnxruntime-web/wasm',
  ]);
  expect(bundle).not.toMatch(/\b(?:Buffer|process)\b/);
  for (const name of ['async-mutex', 'pbf']) expect(read('NOTICES.txt')).toContain(`${name} `);
  for (const name of ['browser.mjs', 'node.cjs', 'NOTICES.txt']) expect(read(name)).not.toContain(ROOT);
});

test('publint and arethetypeswrong have nothing to say', () => {
  for (const args of [
    [path.join(ROOT, 'node_modules', 'publint', 'src', 'cli.js'), tarball, '--strict'],
    [path.join(ROOT, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js'), tarball],
  ]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: tmp, encoding: 'utf8' });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  }
});

const PROGRAM = `
import { loadModel, RuntimeError, type Prediction } from '@resnet-ft/runtime';
async function main(): Promise<void> {
  try {
    const model = await loadModel('nothing.onnx');
    const one: Prediction = await model.predict('a.jpg', { topK: 2 });
    const several: Prediction[] = await model.predict(['a.jpg', new Uint8Array(3), new URL('file:///a.jpg')]);
    // @ts-expect-error no such option
    await model.predict('a.jpg', { topk: 2 });
    void [one, several];
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    const code: 'WEIGHTS_INVALID' | string = error.code;
    process.stdout.write(\`\${code} \${error.message}\`);
  }
}
void main();
`;

test('a strict TypeScript program uses it as an ES module and as CommonJS', () => {
  const project = path.join(tmp, 'project');
  const modules = path.join(project, 'node_modules');
  fs.mkdirSync(path.join(modules, '@resnet-ft'), { recursive: true });
  fs.cpSync(folder, path.join(modules, '@resnet-ft', 'runtime'), { recursive: true });
  fs.mkdirSync(path.join(modules, '@types'));
  fs.symlinkSync(path.join(ROOT, 'node_modules', '@types', 'node'), path.join(modules, '@types', 'node'));
  for (const name of ['program.mts', 'program.cts']) fs.writeFileSync(path.join(project, name), PROGRAM);
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--module',
    'node20',
    '--target',
    'es2022',
    '--types',
    'node',
  ];
  const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const compiled = spawnSync(process.execPath, [tsc, ...options, 'program.mts', 'program.cts'], {
    cwd: project,
    encoding: 'utf8',
  });
  expect({ status: compiled.status, output: compiled.stdout }).toEqual({ status: 0, output: '' });
  for (const name of ['program.mjs', 'program.cjs']) {
    expect(execFileSync(process.execPath, [name], { cwd: project, encoding: 'utf8' })).toBe(
      'WEIGHTS_INVALID nothing.onnx: no such file',
    );
  }
});
