import { counted } from '../text/count';
import { printable } from '../text/printable';
import { align } from '../text/text-table';
import { amount, digits, spreadText } from './format';
import { groupsOf } from './groups';
import type { BenchReport } from './types';

const HEAD = ['measurement', 'backend', 'value', 'spread'];

/** The report for a person: what was measured on, the table, and a line for each backend that has none of it or not all. */
export function formatTable(report: BenchReport): string {
  const { groups, base } = groupsOf(report);
  const lines = [...describe(report), ''];
  if (groups.length > 0) {
    const rows = groups.flatMap(({ title, unit, entries }) =>
      entries.map(({ label, value, spread, ratio, note }, i) => [
        i === 0 ? title : '',
        label,
        value === undefined ? '-' : amount(value, unit),
        spreadText(spread),
        ratio === undefined ? '-' : `${digits(ratio)}x`,
        note,
      ]),
    );
    const table = align([[...HEAD, `to ${base}`, ''], ...rows], (column) => column >= 2 && column <= 4);
    lines.push(...table, '');
  }
  lines.push(...agreementLines(report), ...statusLines(report), ...warnings(report));
  return `${lines.join('\n').trimEnd()}\n`;
}

/** What was measured, where, and how. */
export function describe({ version, machine, model, images, settings }: BenchReport): string[] {
  const { cpu, processors, platform, node } = machine;
  const source = model.source === null ? 'random weights' : printable(model.source);
  const folder = images.folder === null ? 'made-up images' : `images of ${printable(images.folder)}`;
  const threads = settings.threads === null ? '' : `, ${counted(settings.threads, 'thread')}`;
  return [
    `resnet-ft ${version}, Node.js ${node}, ${platform}, ${cpu}, ${counted(processors, 'processor')}`,
    `${model.arch} (${source}), ${counted(model.classes, 'class', 'classes')}, ${model.size} x ${model.size}, ${folder}, ${settings.precision}${threads}, median of ${settings.repeats} x ${settings.duration} s`,
  ];
}

/** Whether the backends agree, a line. */
export function agreementLines({ check, backends }: BenchReport): string[] {
  if (check.reference === null || check.largestDifference === null) return [];
  const reference = backends.find(({ backend }) => backend === check.reference)?.label ?? check.reference;
  const wrong = backends.some(({ status }) => status === 'wrong');
  const largest = check.largestDifference.toExponential(1);
  return [
    `logits: ${wrong ? 'not all backends agree' : 'all backends agree'} with ${reference}; the largest difference is ${largest} of the largest logit`,
  ];
}

/** What makes the figures doubtful. */
export function warnings({ machine: { load, processors } }: BenchReport): string[] {
  // Threads that share a processor with another program wait for each other at the end of every operation.
  if (load <= processors / 2) return [];
  return [
    `warning: the machine was busy before the benchmark began (load ${load.toFixed(1)} of ${counted(processors, 'processor')}): its figures are too low, those of backends with threads most of all`,
  ];
}

/** A line for each backend that was not measured, or not to the end. */
export function statusLines({ backends }: BenchReport): string[] {
  return backends.flatMap(({ label, status, reason }) => {
    if (status === 'measured') return [];
    const told = status === 'pending' ? 'not measured' : status;
    return [`${label}: ${told}${reason === undefined ? '' : `: ${reason}`}`];
  });
}
