import { escapeMarkup as escape } from '../text/markup';
import { amount, digits, spreadText } from './format';
import { groupsOf, type Entry, type Group } from './groups';
import { agreementLines, describe, statusLines, warnings } from './table';
import type { BenchReport } from './types';

// System colours and fonts, so that the page is readable in light and dark, and loads nothing else.
const STYLE = `
:root { color-scheme: light dark; --bar: light-dark(#3b6fb6, #6f9fe0); --track: light-dark(#e8ecf1, #2c3138); --dim: light-dark(#555, #aaa); }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; background: Canvas; color: CanvasText; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .3rem; }
table { border-collapse: collapse; } td, th { padding: .15rem .6rem .15rem 0; text-align: left; vertical-align: middle; font-weight: normal; }
.bars { overflow-x: auto; } .bars table { width: 100%; min-width: 36rem; table-layout: fixed; }
col.name { width: 8rem; } col.value { width: 8.5rem; } col.ratio { width: 5rem; } col.more { width: 9rem; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.note, .dim { color: var(--dim); }
.track { background: var(--track); height: .9rem; } .bar { background: var(--bar); height: 100%; min-width: 1px; }
`;

/**
 * The report as one page: bars for each measurement, in HTML and CSS alone, without scripts and without loading anything.
 * Bars are as long as the value is of the group's largest.
 */
export function formatHtml(report: BenchReport): string {
  const { groups, base } = groupsOf(report);
  const paragraphs = [
    ...describe(report),
    report.date,
    ...(report.interrupted ? ['Interrupted: not everything was measured.'] : []),
  ];
  const lines = [...agreementLines(report), ...statusLines(report), ...warnings(report)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>resnet-ft bench: ${escape(report.model.arch)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>resnet-ft bench: ${escape(report.model.arch)}</h1>
${paragraphs.map((text) => `<p class="dim">${escape(text)}</p>`).join('\n')}
${groups.map((group) => section(group, base)).join('\n')}
${lines.length === 0 ? '' : `<h2>Backends</h2>\n${lines.map((text) => `<p>${escape(text)}</p>`).join('\n')}`}
${checked(report)}
</body>
</html>
`;
}

/** The same in every group, so that bars can be compared down the page. */
const COLUMNS = '<col class="name"><col><col class="value"><col class="ratio"><col class="more">';

function section({ title, unit, entries }: Group, base: string): string {
  const largest = Math.max(...entries.map(({ value = 0 }) => value));
  const better = unit === 'images/s' ? 'longer is better' : 'shorter is better';
  const rows = entries.map((entry) => row(entry, unit, largest, base)).join('\n');
  return `<h2>${escape(title)} <span class="dim">${unit}, ${better}</span></h2>\n<div class="bars"><table>${COLUMNS}\n${rows}\n</table></div>`;
}

function row({ label, value, spread, ratio, note }: Entry, unit: Group['unit'], largest: number, base: string): string {
  if (value === undefined) {
    return `<tr><th scope="row">${escape(label)}</th><td class="note" colspan="4">not measured: ${escape(note)}</td></tr>`;
  }
  const width = largest > 0 ? ((100 * value) / largest).toFixed(2) : '0';
  const range = spread === null ? '' : `spread ${spreadText(spread)}`;
  const times = ratio === undefined ? '' : `<span title="to ${escape(base)}">${digits(ratio)}x</span>`;
  return [
    `<tr><th scope="row">${escape(label)}</th>`,
    `<td><div class="track"><div class="bar" style="width:${width}%"></div></div></td>`,
    `<td class="number">${amount(value, unit)}</td>`,
    `<td class="number">${times}</td>`,
    `<td class="note">${[range, escape(note)].filter((text) => text !== '').join(', ')}</td></tr>`,
  ].join('');
}

/** What the reference sees in the images of the check. */
function checked({ check }: BenchReport): string {
  if (check.images.length === 0) return '';
  const rows = check.images.map(({ name, predicted }) => {
    return `<tr><th scope="row">${escape(name)}</th><td>${escape(predicted)}</td></tr>`;
  });
  return `<h2>Images of the check, and their class</h2>\n<table>\n${rows.join('\n')}\n</table>`;
}
