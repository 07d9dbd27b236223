'use strict';

const { keptOf } = require('./engine/kept');
const { mutate } = require('./engine/mutate');
const { attempt } = require('./engine/property');
const { Random } = require('./engine/random');
const { whyNotPillow } = require('./images/pillow');
const { TARGETS } = require('./targets');

// node fuzz/check.js SEED MUTATIONS [TARGET...]
// A look that takes seconds, for the tests: each target is given its seeds, the inputs by which it once failed, and so many mutations, always
// the same. Prints a line of JSON for each target, with how many inputs were read, refused, and why those failed that did.

const [seed, mutations, ...names] = process.argv.slice(2);
// One of each target, which removes its folder.
process.setMaxListeners(TARGETS.length + 10);

/** What is thrown where no promise has it would end the process of a user too. */
let current;
process.on('uncaughtException', (error) => {
  const finding = {
    why: 'thrown where nobody could catch it',
    stack: error.stack,
    input: current.bytes.toString('base64'),
  };
  process.stdout.write(`${JSON.stringify({ target: current.target, findings: [finding] })}\n`);
  process.exit(1);
});

async function check(entry) {
  const target = entry.load();
  await target.open?.();
  const random = new Random(Number(seed));
  const counts = { target: entry.name, read: 0, refused: 0, kept: keptOf(entry.name).length, findings: [] };
  const give = async (bytes) => {
    current = { target: entry.name, bytes };
    const { kind, why, error } = await attempt(target, bytes);
    if (kind === 'finding')
      counts.findings.push({ why, stack: error?.stack, input: bytes.subarray(0, 300).toString('base64') });
    else counts[kind]++;
  };
  const begin = await target.seeds();
  for (const bytes of [...begin, ...keptOf(entry.name)]) await give(bytes);
  const dictionary = (target.dictionary ?? []).map((text) => Buffer.from(text, 'latin1'));
  const { limit = 4096, json = false, gentle = false } = target;
  for (let i = Math.ceil(Number(mutations) / (target.costs ?? 1)); i > 0; i--) {
    if (target.make !== undefined && random.oneIn(4)) {
      await give(target.make(random, begin));
      continue;
    }
    const context = { dictionary, other: random.pick(begin), limit, json, gentle, stretch: false };
    const mutated = mutate(random.pick(begin), random, context);
    await give(target.fix !== undefined && !random.oneIn(3) ? target.fix(mutated) : mutated);
  }
  await target.close?.();
  return counts;
}

async function main() {
  for (const entry of TARGETS) {
    if (names.length > 0 && !names.includes(entry.name)) continue;
    if (entry.needs === 'clang' || (entry.needs === 'pillow' && whyNotPillow() !== undefined)) continue;
    process.stdout.write(`${JSON.stringify(await check(entry))}\n`);
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
