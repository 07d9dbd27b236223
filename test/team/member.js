'use strict';
/** Stands for a process of a training in launch.test.ts: what it does is named for each rank in the environment. */
const { leaveWithLauncher, reportToLauncher, tellLauncherRun } = require('../../dist/team/report.js');

leaveWithLauncher();
const action = process.env[`MEMBER_${process.env.RANK}`] ?? 'work';
const report = (line, code, lost = false) => {
  reportToLauncher({ line, code, lost });
  process.exitCode = code;
};
const work = () => setInterval(() => {}, 1000);
const stopped = () => process.once('SIGTERM', () => report('training was stopped', 143) ?? clearInterval(timer));
let timer;
process.stdout.write(`pid ${process.env.RANK} ${process.pid}\n`);
if (action === 'fail') report('no such folder: photos', 2);
else if (action === 'lost') report('process 2 has gone', 1, true);
else if (action === 'exit') process.exitCode = 3;
else if (action === 'done') process.exitCode = 0;
else {
  timer = work();
  if (action === 'killed in its run') {
    tellLauncherRun('runs/1');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);
  } else if (action === 'deaf') for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => {});
  else if (action === 'killed') process.kill(process.pid, 'SIGKILL');
  else if (action === 'late') setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);
  else {
    stopped();
    process.once('SIGINT', () => report('training was stopped', 130) ?? clearInterval(timer));
  }
}
