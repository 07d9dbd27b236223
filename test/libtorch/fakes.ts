import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LIBTORCH_VERSION } from '../../lib/libtorch/version';

const LIB = { win32: ['', '.dll'], darwin: ['lib', '.dylib'] }[process.platform as string] ?? ['lib', '.so'];
export const libraryFile = (name: string): string => `${LIB[0]}${name}${LIB[1]}`;

/** A library that can be opened and does nothing: the loader of the addon, which needs no other. */
export const OPENABLE = path.join(__dirname, '..', '..', 'build', 'Release', 'resnet_ft.node');

/** A folder that looks like a LibTorch: libraries that can be opened, a version, a header. */
export function fakeLibtorch(
  folder: string,
  version: string,
  options: { zip?: boolean; extra?: string[] } = {},
): string {
  const header = path.join(folder, 'include', 'torch', 'csrc', 'api', 'include', 'torch');
  fs.mkdirSync(path.join(folder, 'lib'), { recursive: true });
  fs.mkdirSync(header, { recursive: true });
  fs.writeFileSync(path.join(header, 'torch.h'), '');
  for (const name of ['c10', 'torch_cpu', 'torch', ...(options.extra ?? [])]) {
    fs.copyFileSync(OPENABLE, path.join(folder, 'lib', libraryFile(name)));
  }
  if (options.zip) fs.writeFileSync(path.join(folder, 'build-version'), `${version}\n`);
  else fs.writeFileSync(path.join(folder, 'version.py'), `debug = False\n__version__ = '${version}'\n`);
  return folder;
}

/** A folder for RESNET_FT_PREBUILD: the addon's loader, with another version of as many letters that it says it was compiled against. */
export function addonFor(folder: string, version: string): string {
  const loader = fs.readFileSync(OPENABLE);
  const at = loader.indexOf(`\0${LIBTORCH_VERSION}\0`);
  if (at < 0 || version.length !== LIBTORCH_VERSION.length)
    throw new Error(`the loader can't be made one for ${version}`);
  loader.write(version, at + 1);
  const release = path.join(folder, 'build', 'Release');
  fs.mkdirSync(release, { recursive: true });
  fs.writeFileSync(path.join(release, 'resnet_ft.node'), loader);
  return folder;
}

export interface Sandbox {
  root: string;
  cache: string;
  /** Where installLibtorch puts LibTorch. */
  target: string;
  /** Puts a shell script named python3 on the PATH: `probe` answers the first `-c`, `pip` runs for `-m pip`. */
  python(script: { torch?: string; version?: string; pip?: string }): void;
  close(): void;
}

/** An environment with its own cache and only what is put there on the PATH. */
export function sandbox(): Sandbox {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-libtorch-'));
  const before = { ...process.env };
  const bin = path.join(root, 'bin');
  const cache = path.join(root, 'cache');
  fs.mkdirSync(bin);
  process.env['XDG_CACHE_HOME'] = cache;
  process.env['PATH'] = bin;
  delete process.env['LIBTORCH'];
  delete process.env['RESNET_FT_TORCH_INDEX'];
  return {
    root,
    cache,
    target: path.join(cache, 'resnet-ft', 'libtorch', '2.13.0', 'torch'),
    python({ torch = '', version = '3 11 1', pip = 'exit 1' }) {
      const script = [
        '#!/bin/sh',
        'PATH=/usr/bin:/bin',
        `echo "$*" >> '${path.join(root, 'calls')}'`,
        `echo "$PIP_INDEX_URL" >> '${path.join(root, 'indexes')}'`,
        'if [ "$1" = -c ]; then',
        '  case "$2" in',
        `    *find_spec*torch*) echo '${torch}' ;;`,
        `    *) echo '${version}' ;;`,
        '  esac',
        '  exit 0',
        'fi',
        'target=; last=; previous=',
        'for a in "$@"; do [ "$previous" = --target ] && target="$a"; previous="$a"; last="$a"; done',
        pip,
      ];
      fs.writeFileSync(path.join(bin, 'python3'), `${script.join('\n')}\n`, { mode: 0o755 });
    },
    close() {
      process.env = before;
      fs.rmSync(root, { recursive: true, force: true });
    },
  };
}
