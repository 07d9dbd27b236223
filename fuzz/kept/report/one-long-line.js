'use strict';

// Each piece of a line that was read was put after all before it, and all of it looked through again.
module.exports = Buffer.from(`${'1'.repeat(2 ** 26)}\n`);
