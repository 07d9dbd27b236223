'use strict';

const { parseArgs } = require('node:util');
const { BenchError } = require('./errors');

/**
 * The values of a command line, as util.parseArgs has them.
 *
 * @param command what shows its help with `--help`
 * @throws BenchError for an option that there isn't, or one that lacks its value
 */
function parseOptions(argv, options, command) {
  try {
    return parseArgs({ args: argv, options }).values;
  } catch (error) {
    throw new BenchError(`${error.message}. See ${command} --help`);
  }
}

module.exports = { parseOptions };
