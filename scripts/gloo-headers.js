/**
 * Finds the headers of gloo, which LibTorch comes without: those that RESNET_FT_GLOO names, the system's, or those of Debian's and
 * Ubuntu's package libgloo-dev, which is fetched by apt-get and unpacked beside the build, not installed.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const PACKAGE = 'libgloo-dev';
const SYSTEM = ['/usr/local/include', '/usr/include'];
/** How long apt-get may take for 50 kB, in milliseconds. */
const PATIENCE = 120_000;

const holdsGloo = (folder) => fs.existsSync(path.join(folder, 'gloo', 'config.h'));

/** Runs a program; gives why it failed. */
function run(command, args, cwd) {
  const options = { cwd, env: process.env, encoding: 'utf8', timeout: PATIENCE };
  const { status, error, stdout, stderr } = spawnSync(command, args, options);
  if (error) return error.code === 'ENOENT' ? `there is no ${command}` : error.message;
  if (status === 0) return undefined;
  const said = `${stderr}\n${stdout}`.split('\n').find((line) => line.trim() !== '' && !line.startsWith('W:'));
  return `${command}: ${said?.trim() ?? `exit code ${status}`}`;
}

/** Fetches the package and keeps its headers in `target`; gives why that failed. */
function fetchPackage(target) {
  const work = `${target}.part`;
  fs.rmSync(work, { recursive: true, force: true });
  fs.mkdirSync(work, { recursive: true });
  try {
    // Without the option, root is warned that the user of apt's sandbox can't write here.
    const download = () => run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', PACKAGE], work);
    let failure = download();
    // A container's image may come without the lists of packages.
    if (failure !== undefined && process.getuid?.() === 0 && run('apt-get', ['update'], work) === undefined)
      failure = download();
    if (failure !== undefined) return failure;
    const archive = fs.readdirSync(work).find((name) => name.startsWith(PACKAGE) && name.endsWith('.deb'));
    if (archive === undefined) return 'apt-get brought no package';
    const unpacking = run('dpkg-deb', ['-x', archive, 'root'], work);
    if (unpacking !== undefined) return unpacking;
    const headers = path.join(work, 'root', 'usr', 'include');
    if (!holdsGloo(headers)) return `${archive} has no gloo/config.h`;
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(headers, target);
    return undefined;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param options.cache folder for fetched headers, which may not be there
 * @param options.say told in one line what takes time
 * @param options.offline whether nothing may be fetched
 * @returns the folder that contains gloo/, or why there is none
 */
function findGlooHeaders({ cache, say, offline = false, named = process.env.RESNET_FT_GLOO, system = SYSTEM }) {
  if (named) {
    if (holdsGloo(named)) return { folder: path.resolve(named) };
    throw new Error(`RESNET_FT_GLOO names ${named}, which has no gloo/config.h`);
  }
  if (process.platform === 'win32') return { reason: 'it is not built on Windows' };
  const found = [...system, cache].find(holdsGloo);
  if (found !== undefined) return { folder: found };
  const why = `gloo's headers are missing (install ${PACKAGE}, or set RESNET_FT_GLOO)`;
  if (process.platform !== 'linux') return { reason: why };
  if (offline) return { reason: `${why}; downloads are off (RESNET_FT_OFFLINE)` };
  say(`fetching ${PACKAGE} by apt-get for gloo's headers, which several processes need; nothing is installed`);
  const failure = fetchPackage(cache);
  if (failure === undefined) return { folder: cache };
  say(`${PACKAGE} was not fetched: ${failure}`);
  return { reason: why };
}

module.exports = { findGlooHeaders };
