import { Terminal } from '@xterm/headless';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './run';

interface Resize {
  /** Text after which the terminal is resized: of what the command has written since the resize before. */
  at: string;
  columns: number;
  rows?: number;
}

export interface Shown {
  code: number;
  /** Everything that was written. */
  raw: string;
  /** All lines of the terminal at the end, those above its screen too. */
  lines: string[];
  /** What the line of the cursor held after each piece that was written, and how wide the terminal was then. */
  frames: { line: string; columns: number; below: string }[];
}

const ROWS = 24;

/**
 * Runs a command in a real terminal of so many columns, and shows what it writes by a terminal emulator. When it is resized it breaks lines anew, but
 * cuts that of the cursor, as xterm and VS Code do; tmux breaks that too: {@link inTmux}.
 */
export async function inTerminal(
  command: readonly string[],
  options: { columns: number; resizes?: Resize[]; env?: NodeJS.ProcessEnv },
): Promise<Shown> {
  const { columns, resizes = [], env = {} } = options;
  const screen = new Terminal({ cols: columns, rows: ROWS, scrollback: 1000, allowProposedApi: true });
  const text = (row: number): string => screen.buffer.active.getLine(row)?.translateToString(true) ?? '';
  const frames: Shown['frames'] = [];
  let raw = '';
  let code = NaN;
  const sizes = JSON.stringify(resizes.map((one) => ({ rows: ROWS, ...one })));
  const child = spawn(
    'python3',
    [path.join(__dirname, 'in_pty.py'), String(columns), String(ROWS), sizes, ...command],
    {
      cwd: ROOT,
      env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', NO_COLOR: undefined, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const told = JSON.parse(line) as { data?: string; columns?: number; rows?: number; code?: number };
    if (told.data !== undefined) {
      const data = Buffer.from(told.data, 'base64');
      raw += data.toString('latin1');
      await new Promise<void>((resolve) => screen.write(data, resolve));
      const { baseY, cursorY } = screen.buffer.active;
      const row = baseY + cursorY;
      frames.push({ line: text(row), columns: screen.cols, below: text(row + 1) });
    }
    if (told.columns !== undefined) screen.resize(told.columns, told.rows ?? ROWS);
    if (told.code !== undefined) code = told.code;
  }
  const lines: string[] = [];
  for (let row = 0; row < screen.buffer.active.length; row++) {
    const line = screen.buffer.active.getLine(row);
    if (line?.isWrapped) lines[lines.length - 1] += text(row);
    else lines.push(text(row));
  }
  screen.dispose();
  return { code, raw: Buffer.from(raw, 'latin1').toString(), lines, frames };
}

const TMUX = spawnSync('tmux', ['-V']).status === 0;
if (!TMUX) process.stderr.write('no tmux: a test of resizing is skipped (apt-get install tmux)\n');

/** `test` where there is tmux. */
export const testInTmux = TMUX ? test : test.skip;

/**
 * Runs a command in tmux, in a window that is resized once its text has come, and gives its lines at the end, those above its screen too; lines that
 * tmux has broken are whole again. Twenty lines fill the screen before: where it has room left, tmux shifts lines out of it for every one that is
 * broken, the bar's too, and no program can reach those any more.
 *
 * @param end a text that the command writes last
 */
export async function inTmux(
  command: readonly string[],
  options: { columns: number; resizes: Resize[]; end: string },
): Promise<string[]> {
  const { columns, resizes, end } = options;
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-L', `resnet-ft-${process.pid}`, '-f', '/dev/null', ...args], { encoding: 'utf8' });
  const screen = (): string[] =>
    tmux('capture-pane', '-p', '-J', '-S', '-', '-t', 'test')
      .split('\n')
      .map((line) => line.trimEnd())
      .filter((line) => line !== '');
  const until = async (text: string): Promise<void> => {
    while (!screen().join('\n').includes(text)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const words = command.map((word) => `'${word}'`).join(' ');
  tmux(
    'new-session',
    '-d',
    '-s',
    'test',
    '-x',
    String(columns),
    '-y',
    '12',
    `seq 20; LC_ALL=C.UTF-8 ${words}; exec cat`,
  );
  try {
    for (const { at, columns: to } of resizes) {
      await until(at);
      tmux('resize-window', '-t', 'test', '-x', String(to));
    }
    await until(end);
    return screen().slice(20);
  } finally {
    tmux('kill-server');
  }
}
