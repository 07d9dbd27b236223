import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT } from '../cli/run';
import { describeWithPillow } from '../python-pillow';
import { inSlowSuite } from '../slow';

// What `npm run fuzz` does for an hour, for seconds: each target gets its seeds, the inputs by which it failed before, and some mutations
// that are always the same. In a process of its own, of which an input that hangs or crashes it is the end.

interface Checked {
  target: string;
  read: number;
  refused: number;
  kept: number;
  findings: { why: string; stack?: string; input: string }[];
}
interface Target {
  name: string;
  needs?: string;
  covers: readonly string[];
}
const { TARGETS } = jest.requireActual<{ TARGETS: readonly Target[] }>('../../fuzz/targets.js');
const KEPT = path.join(ROOT, 'fuzz', 'kept');

const SEED = '1';
/** Far more than all targets take; an input that hangs one has no end. */
const HANGS = 240_000;

async function check(mutations: number, names: readonly string[]): Promise<Map<string, Checked>> {
  const args = [path.join(ROOT, 'fuzz', 'check.js'), SEED, String(mutations), ...names];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: HANGS });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const checked = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Checked);
  const findings = checked.flatMap((one) => one.findings.map((finding) => ({ target: one.target, ...finding })));
  // Which target did not come to its end, if one did not.
  const missing = names.filter((name) => !checked.some(({ target }) => target === name));
  expect({ findings, missing, code, stderr }).toEqual({ findings: [], missing: [], code: 0, stderr: '' });
  return new Map(checked.map((one) => [one.target, one]));
}

const namesOf = (needs: string | undefined): string[] =>
  TARGETS.filter((target) => target.needs === needs).map(({ name }) => name);

function expectKept(checked: Map<string, Checked>): void {
  for (const [name, { kept }] of checked) {
    const folder = path.join(KEPT, name);
    expect(kept).toBe(fs.existsSync(folder) ? fs.readdirSync(folder).length : 0);
  }
}

test('each reader reads an input or refuses it, whatever the input is', async () => {
  const checked = await check(inSlowSuite(300, 150), namesOf(undefined));
  expectKept(checked);
  // Mutations that never leave a whole input would test nothing but the first check of each reader.
  for (const { read } of checked.values()) expect(read).toBeGreaterThan(0);
});

// An error of zlib that came after its reader had given up ended the process by this seed, in the first hundreds of inputs.
test('a damaged archive never throws where nobody can catch it', async () => {
  await check(1500, ['unzip']);
});

describeWithPillow('damaged images', () => {
  test('have the pixels of Pillow, or are refused for a reason that is known', async () => {
    const checked = await check(inSlowSuite(120, 60), namesOf('pillow'));
    expectKept(checked);
    for (const { read } of checked.values()) expect(read).toBeGreaterThan(0);
  });
});

test('every folder of kept inputs is that of a target, and every target guides itself by files that exist', () => {
  const names = TARGETS.map(({ name }) => name);
  expect(fs.readdirSync(KEPT).filter((name) => !names.includes(name))).toEqual([]);
  const covers = TARGETS.flatMap((target) => target.covers);
  const missing = covers.filter((one) => !['', '.ts'].some((end) => fs.existsSync(path.join(ROOT, 'lib', one + end))));
  expect(missing).toEqual([]);
});
