/** What a figure depends on: the machine and the versions. */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { lastRecord, runProcess } = require('./process');

const ROOT = path.join(__dirname, '..', '..');

function cpuModel() {
  // Some virtual machines hide the product; family, model and instruction set still tell machines apart.
  const info = process.platform === 'linux' ? fs.readFileSync('/proc/cpuinfo', 'utf8') : '';
  const field = (name) => new RegExp(`^${name}\\s*:\\s*(.+)$`, 'm').exec(info)?.[1];
  const flags = new Set((field('flags') ?? field('Features') ?? '').split(' '));
  const notable = ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16', 'asimd', 'bf16'].filter((flag) => flags.has(flag));
  const model = os.cpus()[0]?.model.trim() ?? process.arch;
  const family = field('cpu family') === undefined ? '' : ` (family ${field('cpu family')}, model ${field('model')})`;
  return { cpu: `${model}${family}`, instructions: notable };
}

/** The machine, without its name or any path. */
function describeMachine() {
  return {
    ...cpuModel(),
    cores: os.availableParallelism(),
    memory: os.totalmem(),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
  };
}

function versionOf(name) {
  try {
    return JSON.parse(fs.readFileSync(path.join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

/** Asks an environment for the versions of its packages, the folder of its LibTorch and its GPU. */
async function probePython(python) {
  const { records } = await runProcess({
    command: python,
    args: [path.join(ROOT, 'bench', 'pytorch', 'probe.py')],
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  });
  const { at: _at, kind: _kind, ...environment } = lastRecord(records, 'environment');
  return environment;
}

function ownVersions() {
  return {
    'resnet-ft': JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')).version,
    node: process.versions.node,
    'onnxruntime-node': versionOf('onnxruntime-node'),
    sharp: versionOf('sharp'),
  };
}

module.exports = { ROOT, describeMachine, ownVersions, probePython };
