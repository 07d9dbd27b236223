/** Peak memory of a process and its children, as the kernel counts it (Linux only). */
'use strict';

const fs = require('node:fs');

const POLL_MS = 20;
/** A walk over the page tables of several GB takes long enough to disturb what is measured. */
const SHARED_POLL_MS = 1000;

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return ''; // the process has ended
  }
}

function bytesOf(text, name) {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024;
}

function tree(pid) {
  let tasks;
  try {
    tasks = fs.readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  const children = tasks.flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean));
  return [pid, ...children.flatMap((child) => tree(Number(child)))];
}

/**
 * Watches a process until `stop`, which returns the peak in bytes, or undefined where the system does not tell it.
 *
 * One process: the kernel's own high-water mark, so that nothing between two looks is missed. Several: the sum of their
 * proportional set sizes, because the pages that forked workers share with their parent are there only once.
 */
function watchMemory(pid) {
  let peak = 0;
  let sharedLooked = 0;
  const look = () => {
    peak = Math.max(peak, bytesOf(read(`/proc/${pid}/status`), 'VmHWM'));
    if (performance.now() - sharedLooked < SHARED_POLL_MS) return;
    sharedLooked = performance.now();
    const pids = tree(pid);
    if (pids.length < 2) return;
    const sum = pids.reduce((bytes, one) => bytes + bytesOf(read(`/proc/${one}/smaps_rollup`), 'Pss'), 0);
    peak = Math.max(peak, sum);
  };
  const timer = process.platform === 'linux' ? setInterval(look, POLL_MS) : undefined;
  return {
    stop() {
      clearInterval(timer);
      return peak > 0 ? peak : undefined;
    },
  };
}

module.exports = { watchMemory };
