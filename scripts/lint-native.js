/**
 * Checks native/, test/cuda/ and fuzz/native/, or the files that are named, with clang-format and cpplint; with --fix, formats in place instead of only checking the
 * format.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const windows = process.platform === 'win32';

// What clang-format owns, and rules of Google's own code base that don't fit here.
const FILTERS = [
  '-legal/copyright',
  '-build/include_subdir',
  '-build/c++11',
  '-build/c++17',
  '-runtime/references',
  '-whitespace',
];

/** The tool of our own environment, or else the first on the PATH. */
function findTool(name) {
  const own = path.join(root, '.venv-tools', windows ? 'Scripts' : 'bin');
  const folders = [own, ...(process.env.PATH ?? '').split(path.delimiter)].filter(Boolean);
  for (const folder of folders) {
    const file = path.join(folder, windows ? `${name}.exe` : name);
    if (fs.existsSync(file)) return file;
  }
  return undefined;
}

function sources() {
  const named = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
  if (named.length > 0) return named.map((file) => path.relative(root, path.resolve(file)));
  return ['native', path.join('test', 'cuda'), path.join('fuzz', 'native')]
    .filter((folder) => fs.existsSync(path.join(root, folder)))
    .flatMap((folder) =>
      fs
        .readdirSync(path.join(root, folder), { recursive: true })
        .filter((file) => /\.(cpp|h|cuh)$/.test(file))
        .map((file) => path.join(folder, file)),
    )
    .sort();
}

function run(tool, args) {
  const { status, signal, error } = spawnSync(tool, args, { cwd: root, stdio: 'inherit' });
  if (error || signal) process.stderr.write(`lint-native: ${tool}: ${error ? error.message : signal}\n`);
  return status === 0;
}

function main() {
  const fix = process.argv.includes('--fix');
  const tools = { 'clang-format': findTool('clang-format'), cpplint: findTool('cpplint') };
  const missing = Object.keys(tools).filter((name) => !tools[name] && !(fix && name === 'cpplint'));
  if (missing.length > 0) {
    process.stderr.write(
      `lint-native: ${missing.join(' and ')} not found in .venv-tools or on the PATH; run: ` +
        'python3 -m venv .venv-tools && .venv-tools/bin/pip install -r scripts/requirements-dev.txt\n',
    );
    return 1;
  }
  const files = sources();
  if (files.length === 0) {
    process.stderr.write('lint-native: no sources under native/\n');
    return 1;
  }
  const formatted = run(tools['clang-format'], [...(fix ? ['-i'] : ['--dry-run', '--Werror']), ...files]);
  if (fix) return formatted ? 0 : 1;
  const clean = run(tools.cpplint, ['--quiet', '--root=native', '--linelength=120', `--filter=${FILTERS}`, ...files]);
  return formatted && clean ? 0 : 1;
}

process.exitCode = main();
