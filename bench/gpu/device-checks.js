/** What a device must do whatever the figures are: agree with the CPU, repeat itself, and give back what it took. */
'use strict';

const { hashOf, logitsOf, nothing, train, withSession } = require('./images');

/** As a share of the greatest logit, against float64 on the CPU; logits come as float32. */
const PRECISIONS = { fp64: 1e-6, 'fp32-strict': 1e-4, fp32: 3e-2, bf16: 1e-1 };
const MIB = 2 ** 20;
/** What the libraries of CUDA may keep. */
const KEPT = 64 * MIB;

const errorOf = async (work) => {
  try {
    await work();
    return 'no error';
  } catch (error) {
    return error.message;
  }
};

module.exports = {
  async logits({ addon, device, images, check, note }) {
    for (const arch of ['resnet50', 'resnext50_32x4d']) {
      const tensors = await withSession(addon, { arch, device: 'cpu' }, (session) => session.stateDict());
      const expected = await logitsOf(addon, { arch, device: 'cpu', precision: 'fp64' }, tensors, images.val, 4);
      for (const [precision, tolerance] of Object.entries(PRECISIONS)) {
        // A CPU without bfloat16 emulates it, slowly.
        if (precision === 'bf16' && device === 'cpu' && !addon.deviceInfo().cpuBf16) continue;
        // The last batch has fewer images.
        const found = await logitsOf(addon, { arch, device, precision }, tensors, images.val, 3);
        check(`${arch} in ${precision}`, found, expected, tolerance);
      }
    }
    note({ fusedConvolutions: addon.gpuState().fusedConvolutions });
  },

  async resume({ addon, device, images, check }) {
    const options = { arch: 'resnet18', device, deterministic: true };
    const rest = {
      batchSize: 5,
      epochs: [
        [1, 1],
        [2, 3],
      ],
      lr: 0.01,
    };
    const end = async (session) => [await train(session, images.train, rest), hashOf(await session.stateDict())];
    const [state, expected] = await withSession(addon, options, async (session) => {
      await train(session, images.train, { batchSize: 5, epochs: [[1, 2]], lr: 0.01 });
      return [await session.state(), await end(session)];
    });
    await withSession(addon, options, async (session) => {
      await session.restore(state);
      const [losses, weights] = await end(session);
      check('losses to the bit', losses, expected[0]);
      check('weights to the bit', weights, expected[1]);
    });
  },

  async ragged({ addon, device, images, check }) {
    const count = images.val.targets.length;
    const batchSize = 3;
    const options = { arch: 'resnet18', device, precision: 'fp32-strict' };
    await withSession(addon, options, async (session) => {
      const evaluate = (size) =>
        session.evaluate({ store: images.val.store, targets: images.val.targets, batchSize: size }, nothing);
      const [whole, parts] = [await evaluate(count), await evaluate(batchSize)];
      check('logits of batches that are not full', Array.from(parts.logits), Array.from(whole.logits), 1e-4);
      check('loss of batches that are not full', parts.loss, whole.loss, 1e-4);
      const before = addon.gpuState();
      const seen = [];
      const pass = { store: images.val.store, targets: images.val.targets, batchSize, epoch: 1, keepFrom: 0 };
      const learningRates = new Float64Array(Math.ceil(count / batchSize)).fill(0.001);
      await session.trainEpoch({ ...pass, learningRates }, (step) => seen.push(step.images));
      const after = addon.gpuState();
      check(
        'images of each step',
        seen,
        learningRates.reduce((all, _, i) => [...all, Math.min(batchSize, count - i * batchSize)], []),
      );
      const full = device === 'cpu' ? 0 : Math.floor(count / batchSize);
      check('steps for which cuDNN searches', after.searches - before.searches, full);
      const switches = ({ benchmark, deterministic, tf32Cudnn, tf32Cublas }) => ({
        benchmark,
        deterministic,
        tf32Cudnn,
        tf32Cublas,
      });
      check('switches of the process afterwards', switches(after), switches(before));
    });
  },

  async targets({ addon, device, images: { val }, check }) {
    await withSession(addon, { arch: 'resnet18', device, trainFrom: 'fc' }, async (session) => {
      const wrong = { store: val.store, targets: val.targets.map(() => 2), batchSize: 4 };
      const learningRates = Float64Array.of(0.01);
      const message = 'targets[0] must be a whole number from 0 to 1, not 2';
      check(
        'of training',
        await errorOf(async () => session.trainEpoch({ ...wrong, epoch: 1, learningRates, keepFrom: 0 }, nothing)),
        message,
      );
      check('of validation', await errorOf(async () => session.evaluate(wrong, nothing)), message);
      const { images } = await session.evaluate({ ...wrong, targets: val.targets }, nothing);
      check('the device works on', images, val.targets.length);
    });
  },

  async memory({ addon, device, images, check }) {
    const where = device === 'cpu' ? undefined : device;
    const used = { arch: 'resnet50', device };
    const work = async (session) => {
      await train(session, images.train, { batchSize: 8, epochs: [[1, 1]] });
      await session.evaluate({ store: images.val.store, targets: images.val.targets, batchSize: 8 }, nothing);
    };
    // Once before: context, libraries and their own memory stay for the rest of the process.
    await withSession(addon, used, work);
    const before = addon.gpuState(where);
    await withSession(addon, used, work);
    const after = addon.gpuState(where);
    check('times that a cache was emptied', after.memoryGivenBack - before.memoryGivenBack, 1);
    if (where === undefined) return;
    check('MiB still taken', Math.max(0, Math.round((before.freeMemory - after.freeMemory - KEPT) / MIB)), 0);

    await withSession(addon, { ...used, arch: 'resnet18', trainFrom: 'conv1' }, async (session) => {
      const one = images.train.store;
      const pass = (batchSize, epoch) => {
        const indices = new Int32Array(batchSize);
        const sizes = { store: one, indices, targets: new Int32Array(batchSize), batchSize, epoch };
        return session.trainEpoch({ ...sizes, learningRates: Float64Array.of(0.001), keepFrom: 0 }, nothing);
      };
      const error = await errorOf(() => pass(65536, 1));
      check(
        'a batch that is too large is an error',
        /out of memory|ALLOC_FAILED/i.test(error) ? 'out of memory' : error,
        'out of memory',
      );
      check('a smaller one fits afterwards', (await pass(8, 2)).images, 8);
    });
  },
};
