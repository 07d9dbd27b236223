import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findC10d } from '../../lib/libtorch/c10d';
import { findLibtorch } from '../../lib/libtorch/find';
import { cpuLibraries } from '../../lib/libtorch/inspect';
import { whyNotOpened } from '../../lib/libtorch/trial';
import { ROOT } from '../cli/run';
import { BUILT_FOR_SEVERAL } from '../team/built';
import { libraryFile } from './fakes';
// eslint-disable-next-line @typescript-eslint/no-require-imports -- a script, and not TypeScript
const { findGlooHeaders } = require('../../scripts/gloo-headers.js') as {
  findGlooHeaders: (options: {
    cache: string;
    say: (line: string) => void;
    named?: string;
    offline?: boolean;
    system?: string[];
  }) => { folder: string } | { reason: string };
};

const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-c10d-'));
afterAll(() => fs.rmSync(tmp, { recursive: true, force: true }));
const release = path.join(ROOT, 'build', 'Release');

const onLinux = BUILT_FOR_SEVERAL ? describe : describe.skip;
onLinux('the library for several processes', () => {
  const libtorch = findLibtorch();
  const found = findC10d(libtorch.version);

  test('lies beside the addon, for the minor version of LibTorch', () => {
    const minor = libtorch.version.split('.').slice(0, 2).join('.');
    expect(found).toEqual({ file: path.join(release, libraryFile(`resnet_ft_c10d-${minor}`)) });
  });

  test('opens with the libraries of LibTorch that compute on the CPU', async () => {
    const { file } = found as { file: string };
    expect(await whyNotOpened([...cpuLibraries(libtorch), file])).toBeUndefined();
    // Opening it says something: it needs what they have.
    expect(await whyNotOpened([file])).toMatch(/libc10|libtorch_cpu/);
  });

  test('shows of its own symbols only what makes a team', () => {
    const listed = execFileSync('nm', ['-D', '--defined-only', (found as { file: string }).file], { encoding: 'utf8' });
    expect(listed.split('\n').filter((line) => line.includes('resnet_ft'))).toEqual([
      expect.stringMatching(/ T resnet_ft_\w+$/),
    ]);
  });

  test('is missed in one line that says for which versions there are some', () => {
    const { reason } = findC10d('2.99.0+cpu') as { reason: string };
    expect(reason).toMatch(/^this addon has no part for several processes on LibTorch 2\.99: .* has those for 2\.\d+/);
    expect(findC10d('2.99.0+cu130', 'cuda')).toMatchObject({
      reason: expect.stringMatching(/^this addon has no part for several GPUs on LibTorch 2\.99: /),
    });
  });
});

describe("gloo's headers", () => {
  const headers = (name: string): string => {
    fs.mkdirSync(path.join(tmp, name, 'gloo'), { recursive: true });
    fs.writeFileSync(path.join(tmp, name, 'gloo', 'config.h'), '');
    return path.join(tmp, name);
  };
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const cache = path.join(tmp, 'cache');
  beforeEach(() => said.splice(0));

  test('are those that RESNET_FT_GLOO names, or else those of the system', () => {
    const [named, system] = [headers('named'), headers('system')];
    expect(findGlooHeaders({ cache, say, named, system: [system] })).toEqual({ folder: named });
    expect(findGlooHeaders({ cache, say, named: '', system: [tmp, system] })).toEqual({ folder: system });
    expect(said).toEqual([]);
  });

  onLinux('are not fetched where downloads are off', () => {
    expect(findGlooHeaders({ cache, say, named: '', system: [], offline: true })).toEqual({
      reason: expect.stringMatching(/^gloo's headers are missing .*; downloads are off \(RESNET_FT_OFFLINE\)$/),
    });
    expect(said).toEqual([]);
  });

  test('must be where RESNET_FT_GLOO says', () => {
    expect(() => findGlooHeaders({ cache, say, named: tmp })).toThrow(`RESNET_FT_GLOO names ${tmp}, which has no gloo`);
  });

  onLinux('that are nowhere', () => {
    /** With these programs on the PATH, as shell scripts, and nothing else. */
    const withPrograms = (programs: Record<string, string>) => {
      const bin = fs.mkdtempSync(path.join(tmp, 'bin-'));
      for (const [name, body] of Object.entries(programs)) {
        fs.writeFileSync(path.join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${body}\n`, { mode: 0o755 });
      }
      const before = process.env['PATH'];
      process.env['PATH'] = bin;
      try {
        return findGlooHeaders({ cache, say, named: '', system: [] });
      } finally {
        process.env['PATH'] = before;
      }
    };
    const missing = { reason: "gloo's headers are missing (install libgloo-dev, or set RESNET_FT_GLOO)" };
    const download = '[ "$3" = download ] && : > "$4_1_amd64.deb"';

    test.each([
      ['without apt-get', {}, 'there is no apt-get'],
      ['where apt-get finds none', { 'apt-get': 'echo "E: No packages found" >&2; exit 100' }, 'E: No packages found'],
      [
        'in a damaged package',
        { 'apt-get': download, 'dpkg-deb': 'echo "not an archive" >&2; exit 2' },
        'not an archive',
      ],
    ])('%s: it is said why, and nothing is left', (_where, programs, why) => {
      expect(withPrograms(programs)).toEqual(missing);
      expect(said).toEqual([
        expect.stringContaining('fetching libgloo-dev'),
        expect.stringMatching(new RegExp(`^libgloo-dev was not fetched: .*${why}$`)),
      ]);
      expect(fs.readdirSync(tmp).filter((name) => name.startsWith('cache'))).toEqual([]);
    });

    test('are fetched, without being installed, and kept', () => {
      const unpack = 'mkdir -p "$3/usr/include/gloo" "$3/usr/lib" && : > "$3/usr/include/gloo/config.h"';
      expect(withPrograms({ 'apt-get': download, 'dpkg-deb': unpack })).toEqual({ folder: cache });
      expect(fs.readdirSync(cache)).toEqual(['gloo']);
      said.splice(0);
      expect(withPrograms({})).toEqual({ folder: cache });
      expect(said).toEqual([]);
    });
  });
});

test('a folder that is no LibTorch is refused before anything is built', () => {
  const script = path.join(ROOT, 'scripts', 'build-native.js');
  const env = { ...process.env, RESNET_FT_GLOO: path.join(tmp, 'named') };
  const { status, stderr } = spawnSync(process.execPath, [script, '--c10d', tmp], { encoding: 'utf8', env });
  expect([status, stderr]).toEqual([1, expect.stringMatching(/is no LibTorch that fits: neither version\.py nor/)]);
});
