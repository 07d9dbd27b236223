/** Runs the sides of a benchmark in turns and judges what came out. */
'use strict';

const { BenchError } = require('./errors');
const { relativeDifference, summarize } = require('./statistics');

/** Why what a peer computed is not what we computed; undefined where it is, or where it is not compared. */
function disagreement(check, ours, peer, name) {
  if (check === undefined || peer === undefined) return undefined;
  if (typeof ours === 'string' || typeof peer === 'string') {
    return ours === peer ? undefined : `${check.what}: differs from ${name}`;
  }
  const difference = relativeDifference(ours, peer);
  if (difference <= check.tolerance) return undefined;
  return `${check.what}: differs from ${name} by ${difference.toPrecision(3)} relative, more than ${check.tolerance}`;
}

/** Compares what every side computed in its first run. A benchmark of wrong results is worth nothing. */
function checkSides({ check, sides }, first) {
  const [own, ...peers] = first;
  const compared = peers.flatMap((peer, i) => (peer.checked === undefined ? [] : [{ peer, name: sides[i + 1].name }]));
  for (const { peer, name } of compared) {
    const why = disagreement(check, own.checked, peer.checked, name);
    if (why !== undefined) throw new BenchError(why);
  }
  if (check === undefined || compared.length === 0) return undefined;
  return { ...check, against: compared.map(({ name }) => name) };
}

function quotient(a, b) {
  return a === undefined || b === undefined ? undefined : a / b;
}

function difference(a, b) {
  return a === undefined || b === undefined ? undefined : a - b;
}

/** Each goal with what was measured; `met` is undefined where that was not possible. */
function judge({ goals, better }, results) {
  const [ours] = results;
  return goals.map(({ quantity, against, limit }) => {
    const field = quantity === 'memory' ? 'peakMemory' : 'median';
    const peer = results.find(({ name }) => name === against);
    const compare = quantity === 'difference' ? difference : quotient;
    const measured = against === undefined ? ours[field] : compare(ours[field], peer?.[field]);
    const enough = quantity === 'value' && better === 'higher' ? measured >= limit : measured <= limit;
    return { quantity, against, limit, measured, met: measured === undefined ? undefined : enough };
  });
}

/** Leaves out what was only needed for the check. */
const toSample = ({ checked: _checked, ...sample }) => sample;

/** What a side measures; undefined where one that is optional fails, and then `left` says why. */
async function runSide(side, left) {
  try {
    return await side.run();
  } catch (error) {
    if (!(error instanceof BenchError) || side.optional !== true) throw error;
    left.push({ name: side.name, why: error.message });
    return undefined;
  }
}

/**
 * Runs one case: A B A B …, each run a fresh process. The results of the first round are compared before more are taken.
 *
 * @throws BenchError where a run fails, or the sides disagree
 */
async function measureCase(one, { repeat, hasPython, log }) {
  let sides = one.sides.filter(({ python }) => python !== true || hasPython);
  const samples = new Map(sides.map((side) => [side, []]));
  const left = [];
  let check;
  const rounds = one.repeat ?? repeat;
  for (let round = 0; round < rounds; round++) {
    const ran = [];
    for (const side of [...sides]) {
      const sample = await runSide(side, left);
      if (sample === undefined) {
        sides = sides.filter((other) => other !== side);
        log(`  ${one.title}: ${side.name}: left out: ${left.at(-1).why}`);
        continue;
      }
      ran.push(sample);
      samples.get(side).push(toSample(sample));
      log(`  ${one.title}: ${side.name}, run ${round + 1}/${rounds}: ${sample.value.toPrecision(4)} ${one.unit}`);
    }
    if (round === 0) check = checkSides({ ...one, sides }, ran);
  }
  const results = sides.map((side) => ({
    name: side.name,
    ...(side.extrapolated ? { extrapolated: true } : {}),
    ...summarize(samples.get(side)),
    samples: samples.get(side),
  }));
  const { title, unit, better } = one;
  const leftOut = left.length === 0 ? {} : { leftOut: left };
  return { title, unit, better, sides: results, ...leftOut, check, goals: judge(one, results) };
}

module.exports = { measureCase };
