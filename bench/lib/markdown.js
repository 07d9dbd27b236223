'use strict';

const row = (cells) =>
  `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;

/** The lines of a table. */
const tableLines = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)];

module.exports = { tableLines };
