import fs from 'node:fs';
import { scratch } from '../cli/run';
import { localServer } from '../download/server';
import { compileLayer } from './layer';
import { scenarios } from './scenarios';
import { allFaults, oneWayEach, Sweep } from './sweep';

// Every call on a file that a command makes fails once, in a way that changes with the number RESNET_FT_FAULTS_SHIFT (0 unless given), or
// where that is `all` in each way, which takes a day. RESNET_FT_FAULTS names scenarios, with commas. RESNET_FT_FAULTS_LOG is a file
// to which each fault and what came of it is appended.

const tmp = scratch();
const mirror = localServer();
const library = compileLayer(tmp);
const named = process.env['RESNET_FT_FAULTS']?.split(',');
const shift = process.env['RESNET_FT_FAULTS_SHIFT'] ?? '0';
const log = process.env['RESNET_FT_FAULTS_LOG'];

(library === undefined ? test.skip : test)(
  'whatever call fails, the user is told in one line, files are whole or absent, and the next run works',
  async () => {
    const sweep = new Sweep(tmp, library as string);
    const bad = [];
    for (const scenario of await scenarios(tmp, library as string, mirror)) {
      if (named?.includes(scenario.name) === false) continue;
      const baseline = await sweep.baseline(scenario);
      for (const fault of shift === 'all' ? allFaults(baseline) : oneWayEach(baseline, Number(shift))) {
        const injection = await sweep.inject(baseline, fault);
        if (log !== undefined) fs.appendFileSync(log, `${JSON.stringify(injection)}\n`);
        if (injection.problems.length > 0) bad.push(injection);
      }
    }
    expect(bad).toEqual([]);
  },
  24 * 3_600_000,
);
