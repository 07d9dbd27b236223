/** One stage: a command with a limit, whose output is kept. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { runToEnd } = require('../lib/process');

/** Why a command did not do what it should; undefined where it did. */
function failureOf({ error, givenUp, code, signal }, seconds) {
  if (error !== undefined) return error;
  if (givenUp) return `not done within ${seconds} s`;
  if (code === 0) return undefined;
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}

/** Runs a stage of ./stages.js; what it prints goes into NAME.log. */
async function runStage({ name, seconds, command, read }, context) {
  const asked = command(context);
  if (asked === undefined) return { name, ok: true, skipped: 'there is nothing to run it with' };
  const log = fs.createWriteStream(path.join(context.output, `${name}.log`));
  const ran = await runToEnd({ ...asked, patience: seconds, log });
  await new Promise((resolve) => log.end(resolve));
  const wall = Number(ran.seconds.toFixed(1));
  const why = failureOf(ran, seconds);
  let found;
  try {
    found = read(ran, context);
  } catch (error) {
    return { name, ok: false, wall, why: why ?? error.message };
  }
  const ok = why === undefined && found.ok !== false;
  return { name, wall, ...(why === undefined ? {} : { why }), ...found, ok };
}

module.exports = { runStage };
