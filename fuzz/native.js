'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

// Targets of C++: libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer, by the clang of the system. They are built from the sources
// that they need, without LibTorch and without Node.js, whose functions fuzz/native/fake_napi.cpp stands in for.

const ROOT = path.resolve(__dirname, '..');
const OUT = path.join(ROOT, 'build', 'fuzz', 'native');

const core = (...names) => names.map((name) => path.join('native', 'core', `${name}.cpp`));
const addon = (...names) => names.map((name) => path.join('native', 'addon', `${name}.cpp`));
const own = (...names) => names.map((name) => path.join('fuzz', 'native', `${name}.cpp`));

const PROGRAMS = {
  'native-resize': [...own('resize'), ...core('resize', 'resize_lines', 'resize_weights', 'random_resized_crop')],
  'native-plan': [...own('plan', 'fake_napi'), ...addon('options', 'network', 'recipe', 'augmentation')],
};

const CHECKS = '-fsanitize=fuzzer,address,undefined,float-cast-overflow';
const FLAGS = ['-std=c++20', '-g', '-O1', CHECKS, '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
// As the addon is built: CMakeLists.txt.
const NAPI = ['-DNAPI_VERSION=8', '-DNODE_ADDON_API_CPP_EXCEPTIONS', '-DNODE_ADDON_API_CPP_EXCEPTIONS_ALL'];

let clang;

/** A clang that links libFuzzer; undefined where there is none. */
function findClang() {
  fs.mkdirSync(OUT, { recursive: true });
  const source = path.join(OUT, 'probe.cpp');
  fs.writeFileSync(
    source,
    'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n',
  );
  const names = ['clang++', ...Array.from({ length: 12 }, (_, i) => `clang++-${25 - i}`)];
  return names.find(
    (name) => spawnSync(name, [CHECKS, source, '-o', path.join(OUT, 'probe')], { stdio: 'ignore' }).status === 0,
  );
}

/** When a file of these folders was last changed. */
function newest(...folders) {
  const files = folders.flatMap((folder) =>
    fs.readdirSync(path.join(ROOT, folder), { recursive: true }).map((file) => path.join(ROOT, folder, file)),
  );
  return Math.max(...files.map((file) => fs.statSync(file).mtimeMs));
}

/** @returns why there is nothing to run; undefined where both programs are built */
async function prepareNative(say) {
  clang = findClang();
  if (clang === undefined) return 'there is no clang with libFuzzer (apt-get install clang libclang-rt-dev)';
  const include = [require('node-addon-api').include_dir, require('node-api-headers').include_dir];
  const changed = newest('native', path.join('fuzz', 'native'));
  const builds = Object.entries(PROGRAMS).map(([name, sources]) => {
    const program = path.join(OUT, name);
    if (fs.existsSync(program) && fs.statSync(program).mtimeMs > changed) return undefined;
    const args = [
      ...FLAGS,
      ...NAPI,
      '-I',
      'native',
      '-I',
      path.join('fuzz', 'native', 'stub'),
      ...include.flatMap((folder) => ['-isystem', folder]),
      ...sources,
    ];
    return new Promise((resolve, reject) => {
      const child = spawn(clang, [...args, '-o', program], {
        cwd: ROOT,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${name} could not be compiled`))));
    });
  });
  await Promise.all(builds);
  say(`built ${Object.keys(PROGRAMS).join(' and ')} with ${clang}`);
  return undefined;
}

/** Runs a program, and reads its figures. */
function runNative(target, { seed, milliseconds, executions, corpus, findings }) {
  fs.mkdirSync(corpus, { recursive: true });
  fs.mkdirSync(findings, { recursive: true });
  const prefix = path.join(findings, `${target.name}-`);
  const kept = path.join(__dirname, 'kept', target.name);
  const options = [`-max_total_time=${Math.max(1, Math.ceil(milliseconds / 1000))}`, `-seed=${(seed % 2 ** 31) + 1}`];
  if (executions < Number.MAX_SAFE_INTEGER) options.push(`-runs=${executions}`);
  options.push(
    '-print_final_stats=1',
    '-timeout=20',
    '-rss_limit_mb=2048',
    '-max_len=4096',
    `-artifact_prefix=${prefix}`,
  );
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const folders = [corpus, ...(fs.existsSync(kept) ? [kept] : [])];
    const child = spawn(path.join(OUT, target.name), [...options, ...folders], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    let newAt = begun;
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      text = `${text}${chunk}`.slice(-200_000);
      if (/\tNEW /.test(chunk)) newAt = performance.now();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const figure = (pattern) => Number(pattern.exec(text)?.[1] ?? 0);
      const result = {
        executions: figure(/number_of_executed_units: +(\d+)/),
        corpus: fs.readdirSync(corpus).length,
        found: [],
      };
      result.edges = Number([...text.matchAll(/cov: (\d+)/g)].at(-1)?.[1] ?? 0);
      const now = performance.now();
      result.seconds = (now - begun) / 1000;
      result.quiet = (now - newAt) / 1000;
      if (code !== 0) {
        const why = /(?:ERROR|SUMMARY|runtime error): .*/.exec(text)?.[0] ?? `it ended with ${code}`;
        const file = /Test unit written to (\S+)/.exec(text)?.[1] ?? 'unknown';
        if (file !== 'unknown') fs.writeFileSync(`${file}.txt`, text);
        result.found.push({ why, file });
      }
      resolve({ ...result, findings: result.found.length });
    });
  });
}

module.exports = { prepareNative, runNative };
