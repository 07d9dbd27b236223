'use strict';

/** What stops one benchmark, or the whole run, with one line for a person. */
class BenchError extends Error {}

module.exports = { BenchError };
