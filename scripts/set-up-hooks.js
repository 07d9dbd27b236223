/**
 * Has git run the hooks of .githooks in this checkout; scripts/prepare.js calls it at each `npm install`. Nothing is changed in CI, where
 * this is no checkout of its own, and where somebody has set up hooks already. Never fails.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const FOLDER = '.githooks';

function git(root, ...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Whether the folder itself is what git calls a checkout, and not just something within one. */
function isCheckout(root) {
  const top = git(root, 'rev-parse', '--show-toplevel');
  return top !== undefined && fs.realpathSync(top) === fs.realpathSync(root);
}

function hasOwnHooks(root) {
  if (git(root, 'config', '--get', 'core.hooksPath') !== undefined) return true;
  const folder = path.resolve(root, git(root, 'rev-parse', '--git-path', 'hooks') ?? '.git/hooks');
  return fs.existsSync(folder) && fs.readdirSync(folder).some((name) => !name.endsWith('.sample'));
}

/** @returns whether git was told */
function setUpHooks(root, env = process.env) {
  try {
    if (env.CI || !isCheckout(root) || hasOwnHooks(root)) return false;
    return git(root, 'config', '--local', 'core.hooksPath', FOLDER) !== undefined;
  } catch {
    return false;
  }
}

module.exports = { setUpHooks };
