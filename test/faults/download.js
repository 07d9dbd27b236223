// Downloads and unpacks the archive of this hash from the mirror that the environment names, and ends as the command line would.
'use strict';

const path = require('node:path');
const { hymenopteraFolder } = require(path.join(__dirname, '..', '..', 'dist', 'data', 'hymenoptera.js'));

const [sha256, bytes] = process.argv.slice(2);
const tuning = { backoff: 2, longestPause: 20, stall: 2000, connect: 2000, staleLock: 2000 };
const archive = { path: 'tutorial/hymenoptera_data.zip', sha256, bytes: Number(bytes) };

hymenopteraFolder({ tuning }, archive).then(
  (folder) => process.stdout.write(`${folder}\n`),
  (error) => {
    const hint = error.hint === undefined ? '' : `. ${error.hint}`;
    const line = error.code === undefined ? `unexpected error: ${error.message}` : `${error.message}${hint}`;
    process.stderr.write(`resnet-ft: ${line}\n`);
    process.exitCode = 1;
  },
);
