import fs from 'node:fs';
import path from 'node:path';
import { scratch } from '../cli/run';
import { localServer } from '../download/server';
import { compileLayer } from './layer';
import { scenarios } from './scenarios';
import { allFaults, endsOf, oneWayEach, Sweep, type Baseline } from './sweep';
import type { Fault } from './layer';

// Every call on a file that a command makes fails once, in a way that changes with the number RESNET_FT_FAULTS_SHIFT (0 unless given), or
// where that is `all` in each way, which takes a day. RESNET_FT_FAULTS names scenarios, with commas. RESNET_FT_FAULTS_LOG is a file
// to which each fault and what came of it is appended.

const tmp = scratch();
const mirror = localServer();
const library = compileLayer(tmp);
const named = process.env['RESNET_FT_FAULTS']?.split(',');
const shift = process.env['RESNET_FT_FAULTS_SHIFT'] ?? '0';
const log = process.env['RESNET_FT_FAULTS_LOG'];

/** Moments of each command at which a file system ends. */
const MOMENTS = 20;

async function expectNoHarm(faultsOf: (baseline: Baseline) => Fault[]): Promise<void> {
  const sweep = new Sweep(tmp, library as string);
  const bad = [];
  for (const scenario of await scenarios(fs.mkdtempSync(path.join(tmp, 'made-')), library as string, mirror)) {
    if (named?.includes(scenario.name) === false) continue;
    const baseline = await sweep.baseline(scenario);
    for (const fault of faultsOf(baseline)) {
      const injection = await sweep.inject(baseline, fault);
      if (log !== undefined) fs.appendFileSync(log, `${JSON.stringify(injection)}\n`);
      if (injection.problems.length > 0) bad.push(injection);
    }
  }
  expect(bad).toEqual([]);
}

const onLinux = library === undefined ? test.skip : test;

onLinux(
  'whatever call fails, the user is told in one line, files are whole or absent, and the next run works',
  () => expectNoHarm((all) => (shift === 'all' ? allFaults(all) : oneWayEach(all, Number(shift)))),
  24 * 3_600_000,
);

onLinux('so it is where a file system ends in the midst of it, and all later calls fail', () =>
  expectNoHarm((all) => endsOf(all, MOMENTS)),
);
