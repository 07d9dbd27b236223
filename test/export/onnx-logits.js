'use strict';

// node onnx-logits.js MODEL.onnx CROPS COUNT: prints the logits that onnxruntime gives of COUNT crops in one batch, and of each
// alone, and what the model says of its input. A process of its own, for jest's typed arrays are none to onnxruntime.

const fs = require('node:fs');
const { InferenceSession, Tensor } = require('onnxruntime-node');

// torchvision's ImageNet preset.
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/** ToTensor and Normalize of one crop: float32, channels first. */
function normalise(pixels) {
  const out = new Float32Array(pixels.length);
  const area = pixels.length / 3;
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < area; i++) {
      const centred = Math.fround(Math.fround(pixels[3 * i + c] / 255) - Math.fround(MEAN[c]));
      out[c * area + i] = centred / Math.fround(STD[c]);
    }
  }
  return out;
}

function input(crops, side, type) {
  if (type === 'uint8') return new Tensor('uint8', Buffer.concat(crops), [crops.length, side, side, 3]);
  const data = new Float32Array(crops.length * 3 * side * side);
  for (const [i, crop] of crops.entries()) data.set(normalise(crop), i * 3 * side * side);
  return new Tensor('float32', data, [crops.length, 3, side, side]);
}

async function main([file, cropsFile, count]) {
  const bytes = fs.readFileSync(cropsFile);
  const size = bytes.length / Number(count);
  const side = Math.sqrt(size / 3);
  const crops = Array.from({ length: Number(count) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  const session = await InferenceSession.create(file);
  const [{ type, shape }] = session.inputMetadata;
  const run = async (batch) => {
    const { logits } = await session.run({ input: input(batch, side, type) });
    const width = logits.dims[1];
    return batch.map((_, i) => [...logits.data.slice(i * width, (i + 1) * width)]);
  };
  const together = await run(crops);
  const alone = [];
  for (const crop of crops) alone.push(...(await run([crop])));
  process.stdout.write(JSON.stringify({ type, shape, together, alone, output: session.outputMetadata[0] }));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
