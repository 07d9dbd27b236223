#!/usr/bin/env node
/** What prebuildify runs in place of node-gyp: builds with cmake-js, and puts the result where prebuildify looks for it. */
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const { PREBUILD_BUILD, PREBUILD_STAGE } = process.env;

if (PREBUILD_BUILD === '1') {
  const { status, error } = spawnSync(process.execPath, [path.join(__dirname, 'build-native.js')], {
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
const target = path.join(PREBUILD_STAGE, 'build', 'Release');
fs.mkdirSync(target, { recursive: true });
const release = path.join(root, 'build', 'Release');
for (const name of fs.readdirSync(release)) {
  if (/\.(node|so|dylib|dll)$/.test(name)) fs.copyFileSync(path.join(release, name), path.join(target, name));
}
