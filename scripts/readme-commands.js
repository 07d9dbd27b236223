/**
 * Prints a command of README.md, for CI to run what readers are told to run: `node scripts/readme-commands.js first-run [FILE]`.
 *
 * A comment that stands alone on its line, `<!-- ci: first-run -->`, marks the code block that follows it: fenced, or indented by four
 * spaces, with nothing but empty lines between. The command is the block's one line that begins with `$ `; in a block without such
 * lines it is the first one, which an empty line or the end of the block must follow, so that output is never taken for a command.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const MARK = /^<!-- ci: ([a-z-]+) -->$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})[^`]*$/;
const INDENT = /^(?: {4}|\t)/;

const isBlank = (line) => line.trim() === '';

/** The lines of the fenced block that begins at `start`, and the number of the line after it. */
function fencedBlock(lines, start) {
  const [, fence] = FENCE.exec(lines[start]);
  const closes = (line) => line.trim().length >= fence.length && line.trim() === fence[0].repeat(line.trim().length);
  const end = lines.findIndex((line, i) => i > start && closes(line));
  if (end === -1) throw new Error(`the code block in line ${start + 1} is not closed`);
  return { block: lines.slice(start + 1, end), next: end + 1 };
}

/** The code block after line `mark`. */
function blockAfter(lines, mark) {
  let start = mark + 1;
  while (start < lines.length && isBlank(lines[start])) start++;
  const first = lines[start] ?? '';
  if (FENCE.test(first)) return fencedBlock(lines, start).block;
  if (!INDENT.test(first)) throw new Error(`no code block follows the mark in line ${mark + 1}`);
  let end = start;
  while (end < lines.length && (isBlank(lines[end]) || INDENT.test(lines[end]))) end++;
  return lines.slice(start, end).map((line) => line.replace(INDENT, ''));
}

/** Numbers of the lines that are the mark of `name`; what a code block holds is none. */
function marksOf(lines, name) {
  const marks = [];
  for (let i = 0; i < lines.length;) {
    if (FENCE.test(lines[i])) {
      i = fencedBlock(lines, i).next;
      continue;
    }
    if (MARK.exec(lines[i])?.[1] === name) marks.push(i);
    i++;
  }
  return marks;
}

/** The command that `text` marks with `name`. */
function commandOf(text, name) {
  const lines = text.split(/\r?\n/);
  const marks = marksOf(lines, name);
  if (marks.length === 0) throw new Error(`no mark <!-- ci: ${name} -->`);
  if (marks.length > 1) throw new Error(`the mark <!-- ci: ${name} --> stands there ${marks.length} times`);
  const block = blockAfter(lines, marks[0]);
  const prompted = block.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2));
  const where = `the code block after <!-- ci: ${name} -->`;
  if (prompted.length > 1) throw new Error(`${where} has ${prompted.length} commands`);
  if (prompted.length === 0 && !isBlank(block[1] ?? '')) {
    throw new Error(`${where} begins with two lines: put "$ " before the command, or an empty line after it`);
  }
  const command = (prompted[0] ?? block[0] ?? '').trim();
  if (command === '') throw new Error(`${where} begins with no command`);
  if (command.endsWith('\\')) throw new Error(`the command of ${where} goes on in the next line`);
  return command;
}

function main([name, file = path.join(__dirname, '..', 'README.md')]) {
  try {
    if (name === undefined) throw new Error('give the name of a mark, such as first-run');
    process.stdout.write(`${commandOf(fs.readFileSync(file, 'utf8'), name)}\n`);
  } catch (error) {
    process.stderr.write(`readme-commands: ${name === undefined ? '' : `${file}: `}${error.message}\n`);
    process.exitCode = 1;
  }
}

main(process.argv.slice(2));
