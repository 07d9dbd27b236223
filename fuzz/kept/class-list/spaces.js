'use strict';

// A pattern with white space on both sides of a name took the square of the time.
module.exports = Buffer.from(`0,${' '.repeat(2_000_000)}\n1, x`);
