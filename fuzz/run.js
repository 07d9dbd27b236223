'use strict';

const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { prepareNative, runNative } = require('./native');
const { TARGETS } = require('./targets');
const { line, tableOf } = require('./table');
const { whyNotPillow } = require('./images/pillow');

// npm run fuzz -- [--minutes N] [--executions N] [--jobs N] [--seed N] [--json FILE] [TARGET...]
// Each target for so many minutes (default 1), or until it was given so many inputs, so many targets at a time (default 2). With
// --executions, a seed and an empty build/fuzz/corpus the inputs are the same on a slow machine as on a quick one. Exits with 1 where there is a
// finding, and leaves the input of each in build/fuzz/findings. The inputs that came to something new stay in build/fuzz/corpus, and are where the next run goes on.

const ROOT = path.resolve(__dirname, '..');
const BUILD = path.join(ROOT, 'build', 'fuzz');

const say = (text) => process.stdout.write(`${text}\n`);

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '1' },
      executions: { type: 'string', default: 'Infinity' },
      jobs: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Date.now() % 1e9) },
      json: { type: 'string' },
    },
  });
  const number = (name, least) => {
    const value = Number(values[name]);
    if (value >= least) return value;
    throw new Error(`--${name} must be a number of at least ${least}, not ${values[name]}`);
  };
  const unknown = positionals.filter((name) => !TARGETS.some((target) => target.name === name));
  if (unknown.length > 0) {
    throw new Error(`there is no target ${unknown.join(', ')}; there are ${TARGETS.map(({ name }) => name).join(' ')}`);
  }
  return {
    minutes: number('minutes', 0),
    executions: number('executions', 1),
    jobs: number('jobs', 1),
    seed: number('seed', 0),
    json: values.json,
    targets: positionals.length === 0 ? TARGETS : TARGETS.filter(({ name }) => positionals.includes(name)),
  };
}

/** Runs one target of JavaScript in a process of its own. */
function runScript(target, given) {
  const job = { name: target.name, ...given };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(__dirname, 'engine', 'watch.js'), JSON.stringify(job)], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let last;
    createInterface({ input: child.stdout }).on('line', (text) => (last = text));
    child.on('close', (code, signal) => {
      if (last !== undefined) return resolve(JSON.parse(last));
      const why = signal === null ? `its process ended with ${code}` : `its process was ended by ${signal}`;
      // A target that runs libraries of C leaves the input that it was at.
      const file = `${given.corpus}.current`;
      resolve({ executions: 0, findings: 1, found: [{ why, file: fs.existsSync(file) ? file : 'unknown' }] });
    });
  });
}

async function runTarget(target, given, reasons) {
  const reason = reasons[target.needs];
  if (reason !== undefined) return { skipped: reason };
  const job = {
    seed: given.seed,
    milliseconds: given.minutes * 60_000,
    // JSON, as which a target is told of it, has no Infinity.
    executions: Math.min(given.executions, Number.MAX_SAFE_INTEGER),
    corpus: path.join(BUILD, 'corpus', target.name),
    findings: path.join(BUILD, 'findings'),
  };
  return target.needs === 'clang' ? runNative(target, job) : runScript(target, job);
}

async function main() {
  const given = options();
  const needs = new Set(given.targets.map((target) => target.needs));
  const reasons = {
    clang: needs.has('clang') ? await prepareNative(say) : undefined,
    pillow: needs.has('pillow') ? whyNotPillow() : undefined,
  };
  const most = Number.isFinite(given.executions) ? `, ${given.executions} executions at most` : '';
  say(
    `${given.targets.length} targets, ${given.minutes} minutes each${most}, ${given.jobs} at a time, seed ${given.seed}`,
  );
  const results = [];
  const waiting = [...given.targets];
  const worker = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const result = { target: target.name, reads: target.reads, ...(await runTarget(target, given, reasons)) };
      results.push(result);
      say(line(result));
    }
  };
  await Promise.all(Array.from({ length: given.jobs }, worker));
  results.sort(
    (a, b) =>
      given.targets.findIndex(({ name }) => name === a.target) -
      given.targets.findIndex(({ name }) => name === b.target),
  );
  say(`\n${tableOf(results)}`);
  if (given.json !== undefined) {
    fs.writeFileSync(
      given.json,
      `${JSON.stringify({ minutes: given.minutes, seed: given.seed, node: process.version, results }, undefined, 2)}\n`,
    );
  }
  const found = results.flatMap((result) =>
    (result.found ?? []).map((one) => `${result.target}: ${one.why}: ${one.file}`),
  );
  for (const one of found) say(one);
  process.exitCode = found.length > 0 ? 1 : 0;
}

main().catch((error) => {
  process.stderr.write(`fuzz: ${error.message}\n`);
  process.exitCode = 2;
});
