/** The table of docs/performance.md. */
'use strict';

const { tableLines } = require('./markdown');

const GB = 1e9;

function number(value) {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

const gigabytes = (bytes) => (bytes === undefined ? '–' : `${(bytes / GB).toFixed(2)} GB`);

/** Median, spread where there were several runs, and peak memory. */
function figure({ median, min, max, samples, extrapolated, peakMemory }, unit, repeat) {
  const runs = samples.length === repeat ? '' : `, ${samples.length} runs`;
  const spread = samples.length > 1 ? ` (${number(min)} to ${number(max)}${runs})` : '';
  const memory = peakMemory === undefined ? '' : `, ${gigabytes(peakMemory)}`;
  return `${number(median)} ${unit}${spread}${extrapolated ? ' extrapolated' : ''}${memory}`;
}

function goalText(goal, better, unit) {
  if (goal === undefined) return '–';
  if (goal.quantity === 'difference') return `at most ${number(goal.limit)} ${unit} more`;
  const bound = goal.quantity === 'value' && better === 'higher' ? 'at least' : 'at most';
  // Fractions of one as the issue states them: 1/30, 1/5.
  const whole = Math.round(1 / goal.limit);
  const fraction = goal.limit < 0.4 && Math.abs(1 / goal.limit - whole) < 1e-9;
  const limit = fraction && goal.against !== undefined ? `1/${whole}` : number(goal.limit);
  return goal.against === undefined ? `${bound} ${limit} ${unit}` : `${bound} ${limit}`;
}

function verdict(goal) {
  if (goal === undefined || goal.met === undefined) return goal === undefined ? '–' : 'not measured';
  return goal.met ? 'yes' : 'no';
}

const ratio = (ours, peer) => (ours === undefined || peer === undefined ? '–' : number(ours / peer));

function caseRows({ title, unit, better, sides, goals, leftOut = [] }, repeat) {
  const [ours, ...peers] = sides;
  const own = figure(ours, unit, repeat);
  const find = (quantity, against) => goals.find((goal) => goal.quantity === quantity && goal.against === against);
  const absolute = goals.filter(({ against }) => against === undefined);
  const rows = absolute.map((goal) => [title, goalText(goal, better, unit), own, '–', '–', verdict(goal)]);
  for (const peer of peers) {
    const goal = find('value', peer.name) ?? find('difference', peer.name);
    const theirs = `${peer.name}: ${figure(peer, unit, repeat)}`;
    const share = ratio(ours.median, peer.median);
    rows.push([title, goalText(goal, better, unit), own, theirs, share, verdict(goal)]);
    const memory = find('memory', peer.name);
    if (memory === undefined) continue;
    rows.push([
      `${title}: peak memory`,
      ...[goalText(memory, better, unit), gigabytes(ours.peakMemory), `${peer.name}: ${gigabytes(peer.peakMemory)}`],
      ...[ratio(ours.peakMemory, peer.peakMemory), verdict(memory)],
    ]);
  }
  for (const { name, why } of leftOut) rows.push([title, '–', own, `${name}: left out, ${why}`, '–', 'not measured']);
  return rows;
}

function benchmarkRows({ name, skipped, cases = [] }, repeat) {
  if (skipped !== undefined) return [[name, '–', `skipped: ${skipped}`, '–', '–', 'not measured']];
  return cases.flatMap((one) =>
    one.failed === undefined ? caseRows(one, repeat) : [[one.title, '–', `failed: ${one.failed}`, '–', '–', 'no']],
  );
}

/** Markdown of a result file's content: what it was measured on, and a row for each pair. */
function toMarkdown(result) {
  const { machine, versions, command, date, quick, repeat } = result;
  const head = ['what', 'goal', 'ours', 'peer', 'ratio', 'met?'];
  const rows = result.benchmarks.flatMap((benchmark) => benchmarkRows(benchmark, repeat));
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const hardware = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.instructions.join(', ')}`,
    `${gigabytes(machine.memory)} of memory`,
    ...(machine.gpu === undefined ? [] : [machine.gpu]),
    machine.os,
  ];
  return [
    ...(quick ? ['**A quick run, to see that all works: these figures say nothing about speed.**', ''] : []),
    ...tableLines(head, rows),
    '',
    `Measured on ${date.slice(0, 10)}, medians of ${repeat} ${repeat === 1 ? 'run' : 'runs'} where no other number is given, with:`,
    '',
    '```bash',
    command,
    '```',
    '',
    `Machine: ${hardware.join('; ')}. Versions: ${used.join(', ')}.`,
  ].join('\n');
}

module.exports = { toMarkdown };
