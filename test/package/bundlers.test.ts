import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, type BuildOptions } from 'esbuild';
import { libraryName } from '../../lib/libtorch/inspect';
import { buildNetwork } from '../../lib/network/architecture';
import { madeWeights } from '../made-weights';
import { ROOT, scratch, type Outcome } from '../cli/run';
import { BUNDLED, TAKEN_APART } from './bundled-program';
import { IMAGE } from './scenario';

const tmp = scratch();
const model = path.join(tmp, 'made.pth');
beforeAll(() => madeWeights(model, { network: buildNetwork('resnet18', 1000), seed: 3 }));

async function node(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  try {
    const ran = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
    return { code: 0, ...ran };
  } catch (error) {
    return error as Outcome & Error;
  }
}

/** Bundles the program with esbuild and runs it; the package is that of the checkout. */
async function bundled(outfile: string, options: BuildOptions): Promise<Outcome> {
  const stdin = { contents: BUNDLED, resolveDir: tmp, loader: 'js' as const };
  const alias = { 'resnet-ft': path.join(ROOT, 'dist', 'index.js') };
  const file = path.join(tmp, outfile);
  const common: BuildOptions = { stdin, bundle: true, platform: 'node', outfile: file, logLevel: 'silent' };
  await build({ ...common, alias, ...options });
  return node([file, model, IMAGE], { NODE_PATH: path.join(ROOT, 'node_modules') });
}

test('esbuild, bundled: one line that names the settings, also where the slow backend could stand in', async () => {
  expect(await bundled('bundle.cjs', { format: 'cjs', external: ['sharp', '@tensorflow/*'] })).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(TAKEN_APART),
  });
});

test('esbuild, bundled as an ES module, where there is no __dirname', async () => {
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(tmp, 'node_modules'));
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  const outcome = await bundled('bundle.mjs', { format: 'esm', external: ['sharp', '@tensorflow/*'], banner });
  expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(TAKEN_APART) });
});

/** A copy of the package inside what would be an Electron app's archive, as plain Node.js sees it: a folder. */
function inArchive(name: string): { archive: string; unpacked: string } {
  const [archive, unpacked] = ['app.asar', 'app.asar.unpacked'].map((top) => {
    const folder = path.join(tmp, name, top, 'node_modules', 'resnet-ft');
    fs.mkdirSync(folder, { recursive: true });
    fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'));
    return folder;
  }) as [string, string];
  fs.cpSync(path.join(ROOT, 'dist'), path.join(archive, 'dist'), { recursive: true });
  return { archive, unpacked };
}

const findLoader = (archive: string): string =>
  `console.log(require(${JSON.stringify(path.join(archive, 'dist', 'libtorch', 'loader.js'))}).findLoader())`;
const modules = { NODE_PATH: path.join(ROOT, 'node_modules') };

test("Electron's archive: the addon is opened from beside it", async () => {
  const { archive, unpacked } = inArchive('unpacked');
  fs.mkdirSync(path.join(unpacked, 'build'));
  fs.symlinkSync(path.join(ROOT, 'build', 'Release'), path.join(unpacked, 'build', 'Release'));
  const outcome = await node(['-e', findLoader(archive)], modules);
  expect(outcome).toMatchObject({ code: 0, stdout: `${path.join(unpacked, 'build', 'Release', 'resnet_ft.node')}\n` });
});

test("Electron's archive, nothing unpacked: the error says asarUnpack", async () => {
  const { archive, unpacked } = inArchive('packed');
  fs.rmSync(path.join(unpacked, '..', '..'), { recursive: true });
  const release = path.join(archive, 'build', 'Release');
  fs.mkdirSync(release, { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'build', 'Release', 'resnet_ft.node'), path.join(release, 'resnet_ft.node'));
  // As the system sees a file of an archive: it can't be opened.
  fs.writeFileSync(path.join(release, libraryName('resnet_ft_core')), 'no library');
  const load = `require(${JSON.stringify(path.join(archive, 'dist', 'backend', 'native', 'load.js'))}).loadAddon()`;
  const script = `try { ${load} } catch (e) { console.log(e.code, e.message, e.hint) }`;
  const { stdout } = await node(['-e', script], modules);
  expect(stdout).toMatch(/^ADDON_NOT_LOADED cannot load .*app\.asar.* set asarUnpack, as docs\/deploying\.md shows\n$/);
});
