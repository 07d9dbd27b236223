#!/usr/bin/env node
/** What prebuildify runs in place of node-gyp: puts what is built where prebuildify looks for it. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { PREBUILD_RELEASE: release, PREBUILD_STAGE } = process.env;

const target = path.join(PREBUILD_STAGE, 'build', 'Release');
fs.mkdirSync(target, { recursive: true });
for (const name of fs.readdirSync(release)) {
  if (/\.(node|so|dylib|dll)$/.test(name)) fs.copyFileSync(path.join(release, name), path.join(target, name));
}
