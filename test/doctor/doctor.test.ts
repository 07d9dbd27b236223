import fs from 'node:fs';
import path from 'node:path';
import { left } from '../cli/processes';
import { run, scratch } from '../cli/run';
import { libraryFile } from '../libtorch/fakes';
import { diagnose, PackageCopy, script } from './package-copy';

const folder = scratch();

const CHECKS = [
  ...[
    'package',
    'node',
    'platform',
    'cpu',
    'threads',
    'memory',
    'libtorch',
    'addon',
    'backend',
    'precision',
    'gpu',
    'cuda',
    'processes',
  ],
  ...['sharp', 'js backend', 'weights', 'data', 'crops', 'disk caches', 'disk weights', 'disk here', 'network'],
];

/** Weights of which the registry knows the size to the byte. */
const RESNET18 = { file: 'resnet18-f37072fd.pth', bytes: 46_830_571 };

let copies = 0;

function packageCopy(): PackageCopy {
  return new PackageCopy(path.join(folder, `package-${copies++}`));
}

/** A TORCH_HOME with files of these sizes in it, full of zeros. */
function torchHome(files: Record<string, number>): string {
  const home = path.join(folder, 'torch-home');
  const checkpoints = path.join(home, 'hub', 'checkpoints');
  fs.mkdirSync(checkpoints, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    fs.writeFileSync(path.join(checkpoints, name), '');
    fs.truncateSync(path.join(checkpoints, name), bytes);
  }
  return home;
}

describe('a machine on which everything works', () => {
  test('a line for each check, aligned, without colour in a pipe; no connection, no look-up of a name, in none of its processes', async () => {
    const spy = path.join(folder, 'spy.js');
    const seen = path.join(folder, 'seen');
    fs.writeFileSync(
      spy,
      `const note = (what) => require('node:fs').appendFileSync(${JSON.stringify(seen)}, what + '\\n');
       note('started');
       require('node:net').Socket.prototype.connect = () => { note('connect'); throw new Error('no network'); };
       for (const name of ['lookup', 'resolve', 'resolve4']) require('node:dns')[name] = () => note(name);`,
    );
    const env = { NODE_OPTIONS: `--require "${spy}"`, TORCH_HOME: folder };
    const { code, stdout, stderr } = await run(['doctor', '--verify'], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    const starts = lines.slice(0, -1).map((line) => /^(?:ok|warning|problem) +\S.*? {2,}(?=\S)/.exec(line)?.[0].length);
    expect(new Set(starts).size).toBe(1);
    for (const name of CHECKS) expect(lines.filter((line) => line.includes(`  ${name}  `))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^no problems, (no|\d+) warnings?$/);
    expect(stdout).not.toContain('\u001b');
    // The doctor and its three probes.
    expect(fs.readFileSync(seen, 'utf8')).toBe('started\n'.repeat(4));
  });

  test('the JSON has the documented form, and agrees with itself', async () => {
    const { code, report, check } = await diagnose();
    const { schema, version, ok, problems, warnings, checks } = report;
    expect({ code, schema, ok, problems }).toEqual({ code: 0, schema: 1, ok: true, problems: 0 });
    expect(version).toBe((JSON.parse(fs.readFileSync('package.json', 'utf8')) as { version: string }).version);
    expect(checks.map(({ name }) => name).filter((name) => CHECKS.includes(name))).toEqual(CHECKS);
    for (const { name, status, found, fix, ...rest } of checks) {
      expect(typeof name).toBe('string');
      expect(['ok', 'warning', 'problem']).toContain(status);
      expect(found).toMatch(/^[^\r\n]+$/);
      expect(fix !== undefined).toBe(status !== 'ok');
      expect(Object.keys(rest).filter((key) => key !== 'data')).toEqual([]);
    }
    expect(warnings).toBe(checks.filter(({ status }) => status === 'warning').length);
    expect(check('addon').data).toMatchObject({ file: expect.stringMatching(/\.node$/) });
    expect(check('backend').data).toEqual({ auto: 'native' });
    expect(check('libtorch').data).toMatchObject({ version: expect.stringMatching(/^2\./), path: expect.any(String) });
  });
});

describe('LibTorch', () => {
  test('a LIBTORCH that is none is a problem with the folder and the reason, and the exit code is 1', async () => {
    const nowhere = path.join(folder, 'no-torch');
    const { code, stdout } = await run(['doctor', '--quiet'], { env: { LIBTORCH: nowhere } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^problem +libtorch +LIBTORCH is .*no-torch: there is no such folder\. Set LIBTORCH to /m);
    expect(stdout).toMatch(/^problem +addon +not tried, because it needs LibTorch/m);
    expect(stdout).toMatch(/^problem +backend +auto is an error.*--backend js/m);
    expect(stdout).not.toMatch(/^ok/m);
  });

  test('none anywhere: every place that was looked at, and the command that installs it', async () => {
    const env = { LIBTORCH: '', XDG_CACHE_HOME: path.join(folder, 'empty-cache'), PATH: path.join(folder, 'no-bin') };
    const { code, check } = await diagnose([], env);
    expect(code).toBe(1);
    const { found, fix } = check('libtorch');
    expect(found).toMatch(
      /LIBTORCH: not set.*cache: .*empty-cache.*there is no such folder.*python: no working python3/,
    );
    expect(fix).toContain('npx resnet-ft libtorch install');
    expect(check('backend')).toMatchObject({ status: 'warning', data: { auto: 'js' } });
    expect(check('gpu').found).toContain('nvidia-smi is not on the PATH');
  });
});

describe('an addon that does not work', () => {
  test('missing: where it was looked for', async () => {
    const copy = packageCopy();
    fs.rmSync(copy.path('build'), { recursive: true });
    const { code, check, stderr } = await copy.doctor();
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(check('addon')).toMatchObject({ status: 'problem', found: expect.stringContaining(copy.path('build')) });
  });

  test('a truncated core library is a line, although opening it kills the process (SIGBUS on Linux)', async () => {
    const copy = packageCopy();
    const core = copy.path('build', 'Release', libraryFile('resnet_ft_core'));
    fs.truncateSync(core, Math.floor(fs.statSync(core).size / 2));
    const { code, check, stderr } = await copy.doctor();
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(check('addon')).toMatchObject({ status: 'problem', found: expect.stringContaining('resnet_ft') });
    expect(check('libtorch').status).toBe('ok');
  });

  test('one that crashes is a line that names the signal', async () => {
    const copy = packageCopy();
    copy.replaceLoader("process.kill(process.pid, 'SIGSEGV'); for (;;);");
    const { code, check } = await copy.doctor();
    expect(code).toBe(1);
    expect(check('addon')).toMatchObject({ status: 'problem', found: expect.stringContaining('it crashed (SIGSEGV)') });
    expect(check('sharp').status).toBe('ok');
    expect(check('cuda').found).toContain('not known');
  });

  test('one that hangs is killed, as is an nvidia-smi that hangs', async () => {
    const copy = packageCopy();
    const pid = path.join(folder, 'hanging-pid');
    copy.replaceLoader(`require('node:fs').writeFileSync(${JSON.stringify(pid)}, String(process.pid)); for (;;);`);
    script(copy.path('tools'), 'nvidia-smi', 'exec sleep 600');
    const PATH = `${copy.path('tools')}${path.delimiter}${process.env['PATH']}`;
    const { code, check } = await copy.doctor(['--timeout', '2'], { PATH });
    expect(code).toBe(1);
    expect(check('addon')).toMatchObject({ status: 'problem', found: expect.stringContaining('no answer within 2 s') });
    expect(check('gpu')).toMatchObject({ status: 'warning', found: expect.stringContaining('no answer within 2 s') });
    expect(await left([Number(fs.readFileSync(pid, 'utf8'))])).toEqual([]);
  });
});

describe('what is around', () => {
  test('a GPU that LibTorch does not use is a warning that says why; a proxy is shown without its password', async () => {
    const tools = path.join(folder, 'gpu-tools');
    script(tools, 'nvidia-smi', "echo 'NVIDIA H100 80GB HBM3, 570.86.15, 81559 MiB'");
    const { code, check, report } = await diagnose([], {
      PATH: `${tools}${path.delimiter}${process.env['PATH']}`,
      https_proxy: 'http://user:secret@proxy:3128',
      RESNET_FT_OFFLINE: '',
    });
    expect(code).toBe(0);
    expect(check('gpu').found).toBe('NVIDIA H100 80GB HBM3 (81559 MiB), driver 570.86.15');
    expect(check('cuda')).toMatchObject({ status: 'warning', found: expect.stringMatching(/^not used: .+ GPU$/) });
    expect(check('network').found).toContain('through http://proxy:3128 (https_proxy)');
    expect(JSON.stringify(report)).not.toContain('secret');
  });

  test('weights that were cut short are a problem; those whose size fits only where --verify reads them', async () => {
    const env = { TORCH_HOME: torchHome({ [RESNET18.file]: RESNET18.bytes, 'resnet50-0676ba61.pth': 1_000_000 }) };
    const quick = await diagnose([], env);
    expect(quick.code).toBe(1);
    expect(quick.check('weights').data).toMatchObject({ present: ['imagenet-v1 resnet18', 'imagenet-v1 resnet50'] });
    expect(quick.report.checks.filter(({ name }) => name.startsWith('weights '))).toMatchObject([
      {
        name: 'weights imagenet-v1 resnet50',
        status: 'problem',
        found: expect.stringMatching(/has 1\.0 MB instead of 102\.5 MB$/),
      },
    ]);

    const read = await diagnose(['--verify'], env);
    expect(read.code).toBe(1);
    expect(read.check('weights imagenet-v1 resnet18')).toMatchObject({
      status: 'problem',
      found: expect.stringMatching(/resnet18-f37072fd\.pth: its SHA-256 begins with [0-9a-f]{8}, not f37072fd$/),
      fix: 'Run: npx resnet-ft weights download imagenet-v1 --arch resnet18',
    });
  });

  test('a file in the way of a cache, and a wrong mirror', async () => {
    const file = path.join(folder, 'a-file');
    fs.writeFileSync(file, '');
    const mirror = await diagnose([], { TORCH_HOME: path.join(file, 'torch'), RESNET_FT_MIRROR: 'ftp://mirror' });
    expect(mirror.check('disk weights')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('a-file is not a folder'),
      fix: expect.stringContaining('TORCH_HOME'),
    });
    expect(mirror.check('network').status).toBe('problem');
  });

  test('an unknown option and a wrong value are errors of one line', async () => {
    const unknown = await run(['doctor', '--verfy']);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean --verify?') });
    const wrong = await run(['doctor', '--timeout', '0']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--timeout') });
  });
});
