'use strict';

// A pattern with white space on both sides of a name took the square of the time.
module.exports = Buffer.from(`a${' '.repeat(2_000_000)}\n`);
