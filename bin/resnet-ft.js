#!/usr/bin/env node
'use strict';
// Images are decoded in libuv's pool, which has four threads unless it is told otherwise before it is first used; lib/data/crops.ts
// works on four images more than there are processors.
process.env.UV_THREADPOOL_SIZE ??= String(require('node:os').availableParallelism() + 4);
require('../dist/cli/main.js').main(process.argv.slice(2));
