import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, scratch } from '../cli/run';

const tmp = scratch();

function bench(script: string, args: string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [path.join(ROOT, 'bench', script), ...args], { encoding: 'utf8' });
}

/** A page as docs/performance.md, with `between` in the place of the table. */
function page(name: string, between: string): string {
  const file = path.join(tmp, name);
  fs.writeFileSync(file, `# Page\n\nbefore\n\n${between}\n\nafter\n`);
  return file;
}

describe('the benchmark', () => {
  const output = path.join(tmp, 'result.json');

  test('measures --help, and says what it left out and on what machine', () => {
    const ran = bench('run.js', ['--quick', '--only', 'help,epoch', '--output', output]);
    expect(ran.status).toBe(0);
    const text = fs.readFileSync(output, 'utf8');
    expect(text).not.toContain(ROOT);
    const result = JSON.parse(text);
    expect(result).toMatchObject({ format: 1, quick: true, command: expect.stringContaining('--only help,epoch') });
    expect(result.machine).toMatchObject({ cpu: expect.any(String), cores: expect.any(Number) });
    expect(result.versions.node).toBe(process.versions.node);
    const [epoch, help] = result.benchmarks;
    expect(epoch).toEqual({ name: 'epoch', skipped: 'no --data' });
    const [{ sides, goals }] = help.cases;
    expect(sides.map(({ name }: { name: string }) => name)).toEqual(['resnet-ft', 'node -e 0']);
    for (const { median, min, max, samples } of sides) {
      expect(median).toBeGreaterThan(0);
      expect([min, max]).toEqual([median, median]);
      expect(samples).toHaveLength(1);
    }
    expect(goals).toEqual([
      { quantity: 'value', limit: 0.15, measured: sides[0].median, met: sides[0].median <= 0.15 },
    ]);
  });

  test('the report replaces what stands between the markers, and nothing else', () => {
    const docs = page('docs.md', '<!-- bench: begin -->\n\nold\n\n<!-- bench: end -->');
    expect(bench('report.js', [output, '--docs', docs])).toMatchObject({ status: 0, stderr: '' });
    const text = fs.readFileSync(docs, 'utf8');
    expect(text).toMatch(/^# Page\n\nbefore\n\n/);
    expect(text).toMatch(/\n\nafter\n$/);
    expect(text).not.toContain('old');
    expect(text).toMatch(/\| resnet-ft --help, whole process +\| at most 0.150 s \| [\d.]+ s.*? \| .*\| (yes|no) +\|/);
    expect(text).toMatch(/\| epoch +\| – .*\| skipped: no --data \|/);
    expect(text).toContain('A quick run');
  });

  test('the report refuses a page without markers and a file that is no result', () => {
    const docs = page('plain.md', 'no table');
    expect(bench('report.js', [output, '--docs', docs])).toMatchObject({ status: 1 });
    expect(bench('report.js', [path.join(ROOT, 'package.json'), '--docs', docs]).stderr).toMatch(
      /^bench: .*package\.json: no result of bench\/run\.js\n$/,
    );
    expect(fs.readFileSync(docs, 'utf8')).toContain('no table');
  });

  test('an unknown benchmark is named', () => {
    expect(bench('run.js', ['--only', 'nothing'])).toMatchObject({
      status: 1,
      stderr: 'bench: --only: no benchmark nothing. See node bench/run.js --help\n',
    });
  });
});
