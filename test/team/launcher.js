'use strict';
/** Starts two processes of member.js for launch.test.ts, and says on standard error how they ended. */
const path = require('node:path');
const { launch } = require('../../dist/team/launch.js');

const environments = [0, 1].map((rank) => ({ ...process.env, RANK: String(rank), RESNET_FT_STARTED_BY: 'nproc' }));
launch([path.join(__dirname, 'member.js')], environments, (folder) => `go on in ${folder}`).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
});
