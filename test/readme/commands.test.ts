import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, scratch } from '../cli/run';

const tmp = scratch();
const SCRIPT = path.join(ROOT, 'scripts', 'readme-commands.js');

function commandIn(
  lines: string[],
  name = 'first-run',
  end = '\n',
): { code: number | null; out: string; error: string } {
  const file = path.join(tmp, 'README.md');
  fs.writeFileSync(file, lines.join(end));
  const ran = spawnSync(process.execPath, [SCRIPT, name, file], { encoding: 'utf8' });
  return { code: ran.status, out: ran.stdout, error: ran.stderr };
}

const MARK = '<!-- ci: first-run -->';

test.each([
  [
    'an indented block, with its output after an empty line',
    [MARK, '', '    npm i && x train', '', '    epoch 1', '', 'Text.'],
  ],
  ['the end of the text', [MARK, '    npm i && x train']],
  ['a fenced block', [MARK, '```sh', 'npm i && x train', '```', '    $ other']],
  ['a fence of tildes, longer than one within', [MARK, '', '~~~~', 'npm i && x train', '', '~~~', '~~~~~']],
  [
    'a prompt, with output around it',
    [MARK, '', '    # begin', '    $ npm i && x train', '    epoch 1', '', '    done'],
  ],
  [
    'other marks and marks within code',
    ['<!-- ci: tests -->', '', '    npm test', '```', MARK, '```', MARK, '', '    npm i && x train'],
  ],
])('the command of %s', (_, lines) => {
  const found = { code: 0, out: 'npm i && x train\n', error: '' };
  expect(commandIn(['# Title', '', ...lines])).toEqual(found);
  expect(commandIn(['# Title', '', ...lines], 'first-run', '\r\n')).toEqual(found);
});

test.each([
  ['there is no mark', ['    npm test'], /no mark <!-- ci: first-run -->/],
  ['the mark is another one', ['<!-- ci: first-runs -->', '', '    npm test'], /no mark/],
  ['the mark is only in code', ['```', MARK, '```', '    npm test'], /no mark/],
  ['the mark is not alone on its line', [`Text ${MARK}`, '', '    npm test'], /no mark/],
  ['the mark is there twice', [MARK, '', '    npm test', MARK, '', '    npm test'], /2 times/],
  ['text comes before the code', [MARK, 'Then:', '', '    npm test'], /no code block follows the mark in line 1/],
  ['nothing follows', [MARK, ''], /no code block follows/],
  ['the block is not closed', [MARK, '```', 'npm test'], /line 2 is not closed/],
  ['the block is empty', [MARK, '```', '```'], /begins with no command/],
  ['two commands have a prompt', [MARK, '', '    $ npm i', '', '    $ npm test'], /has 2 commands/],
  ['output follows at once', [MARK, '', '    npm test', '    PASS'], /begins with two lines/],
  ['the command has several lines', [MARK, '', '    $ npm test \\', '      --all'], /goes on in the next line/],
])('an error where %s', (_, lines, message) => {
  const { code, out, error } = commandIn(lines);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(error).toMatch(/^readme-commands: [^\n]+\n$/);
  expect(error).toMatch(message);
});

test('an error where no name is given, or there is no such file', () => {
  for (const args of [[], ['first-run', path.join(tmp, 'none.md')]]) {
    const ran = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/^readme-commands: [^\n]+\n$/);
  }
});
