/**
 * What it costs to train by several processes of one machine, over gloo: for each number of them the time of a step together, against that of as
 * many processes at the same time, each alone with its own part of the batch and as many threads; and the time of sums of some sizes by themselves. What
 * of the sum of all gradients does not show in the step is hidden behind the backward pass. Medians; the two kinds of steps take turns.
 *
 *     node bench/scaling.js [--processes 1,2,4] [--cores N] [--arch resnet50] [--batch 8] [--size 224] [--steps 3] [--rounds 5] [--sync-batch-norm]
 *       [--output FILE]
 *
 * As root on Linux, `--rate 1gbit` puts each process into a network namespace of its own, behind an interface of that rate, and `--delay 1ms`
 * delays what it sends, where the kernel has netem.
 */
'use strict';

const { fork } = require('node:child_process');
const { parseArgs } = require('node:util');
const path = require('node:path');
const { findC10d } = require('../dist/libtorch/c10d.js');
const { findLibtorch } = require('../dist/libtorch/find.js');
const { buildNetwork, layersOf, parametersOf } = require('../dist/network/architecture.js');
const { Networks } = require('./scaling/networks');
const { freePort } = require('../dist/team/start.js');
const { writeWhole } = require('./lib/files');
const { describeMachine, ownVersions } = require('./lib/machine');
const { median } = require('./lib/statistics');

const product = (shape) => shape.reduce((all, size) => all * size, 1);

/** Of the gradients of all of a network, in float32. */
function gradientBytes(arch) {
  const shapes = [...layersOf(buildNetwork(arch, 2))].flatMap(({ layer }) => parametersOf(layer));
  return 4 * shapes.reduce((sum, { shape }) => sum + product(shape), 0);
}

/** The processes of one measurement: a call goes to all of them, and comes back with what each says. */
class Processes {
  constructor(count, networks) {
    this.children = Array.from({ length: count }, (_, i) =>
      fork(path.join(__dirname, 'scaling', 'process.js'), { ...networks?.forkOptions(i) }),
    );
  }

  call(message, own = () => ({})) {
    const answers = this.children.map(
      (child, i) =>
        new Promise((resolve, reject) => {
          const gone = (code) => reject(new Error(`process ${i + 1} ended with exit code ${code}`));
          child.once('exit', gone);
          child.once('message', ({ value, error }) => {
            child.off('exit', gone);
            if (error === undefined) resolve(value);
            else reject(new Error(`process ${i + 1}: ${error}`));
          });
          child.send({ ...message, ...own(i) });
        }),
    );
    return Promise.all(answers);
  }

  kill() {
    for (const child of this.children) child.kill('SIGKILL');
  }
}

/** Milliseconds of a step, apart and together, and of sums, of so many processes. */
async function measure(world, options, networks) {
  const threads = Math.max(1, Math.floor(options.cores / world));
  const processes = new Processes(world, networks);
  const apart = [];
  const together = [];
  const sums = {};
  try {
    const found = findC10d(findLibtorch().version);
    if (found.file === undefined) throw new Error(found.reason);
    const place = {
      ...{ library: found.file, cudaLibrary: '', device: 'cpu', world, prefix: 'scaling', attempt: 0, timeout: 600 },
      ...{ host: networks?.address(0) ?? '127.0.0.1', port: await freePort() },
    };
    const team = (rank) => (world === 1 ? {} : { team: { ...place, rank, serves: rank === 0 } });
    await processes.call({ call: 'open', options: { ...options, threads }, world }, team);
    const step = async (how) => Math.max(...(await processes.call({ call: 'train', how })));
    // The first ones fetch memory that the others use again.
    for (let round = -1; round < options.rounds; round++) {
      const alone = await step('apart');
      const joint = world === 1 ? alone : await step('together');
      if (round < 0) continue;
      apart.push(alone);
      together.push(joint);
    }
    for (const bytes of world === 1 ? [] : options.sums) {
      const all = await processes.call({ call: 'sums', bytes, rounds: bytes > 1e6 ? 7 : 50 });
      // The last one to have it counts.
      sums[bytes] = median(all[0].map((_, i) => Math.max(...all.map((times) => times[i]))));
    }
    await processes.call({ call: 'close' });
    return { world, threads, apart, together, sums };
  } finally {
    processes.kill();
  }
}

function rowOf({ world, threads, apart, together, sums }, { batch, gradients }) {
  const [alone, joint] = [median(apart), median(together)];
  const rate = (1000 * world * batch) / joint;
  if (world === 1) return { world, threads, 'ms apart': alone.toFixed(0), 'images/s': rate.toFixed(2) };
  const shown = joint - alone;
  const sum = sums[gradients];
  return {
    ...{ world, threads, 'ms apart': alone.toFixed(0), 'ms together': joint.toFixed(0) },
    'ms sum': sum.toFixed(0),
    hidden: `${(100 * Math.min(1, Math.max(0, 1 - shown / sum))).toFixed(0)} %`,
    'images/s': rate.toFixed(2),
  };
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: {
      ...{ processes: text, cores: text, arch: text, batch: text, size: text, steps: text, rounds: text },
      ...{ rate: text, delay: text, output: text, 'sync-batch-norm': { type: 'boolean' } },
    },
  });
  const number = (name, otherwise) => Number(values[name] ?? otherwise);
  const machine = describeMachine();
  const arch = values.arch ?? 'resnet50';
  const gradients = gradientBytes(arch);
  const options = {
    ...{ arch, gradients, cores: number('cores', machine.cores), batch: number('batch', 8), size: number('size', 224) },
    ...{ steps: number('steps', 3), rounds: number('rounds', 5), syncBatchNorm: values['sync-batch-norm'] === true },
    sums: [24, 4096, 2 ** 20, 25 * 2 ** 20, gradients],
  };
  const counts = (values.processes ?? '1,2,4').split(',').map(Number);
  const measured = [];
  for (const world of counts) {
    const networks = values.rate === undefined && values.delay === undefined ? undefined : new Networks(world, values);
    try {
      measured.push(await measure(world, options, networks));
    } finally {
      networks?.close();
    }
  }
  const { rate, delay } = values;
  console.log(
    `${machine.cpu}, ${options.cores} cores; ${arch}, ${options.batch} images a process, ${options.size} pixels`,
  );
  if (rate !== undefined || delay !== undefined) console.log(`rate ${rate ?? 'free'}, delay ${delay ?? 'none'}`);
  console.table(measured.map((one) => rowOf(one, options)));
  for (const { world, sums } of measured.filter((one) => one.world > 1)) {
    console.log(`sums of ${world} processes`);
    console.table(
      Object.entries(sums).map(([bytes, ms]) => {
        // As nccl-tests count: what passes each process's interface, in one direction.
        const passing = (2 * (world - 1) * Number(bytes)) / world;
        return { bytes, ms: ms.toFixed(2), 'GB/s of a process': (passing / ms / 1e6).toFixed(2) };
      }),
    );
  }
  if (values.output !== undefined) {
    const command = `node bench/scaling.js ${process.argv.slice(2).join(' ')}`.replace(/ --output \S+/, '').trim();
    const result = { command, machine, versions: ownVersions(), libtorch: findLibtorch().version, options, measured };
    writeWhole(values.output, `${JSON.stringify({ ...result, rate, delay }, null, 2)}\n`);
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
