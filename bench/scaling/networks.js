/**
 * Networks of limited rate between processes of one machine: each process gets a network namespace of Linux, joined to the others by a bridge. Needs
 * root, and what `ip` and `tc` do.
 */
'use strict';

const { execFileSync } = require('node:child_process');

const run = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
const quietly = (...args) => {
  try {
    run(...args);
  } catch {
    // It was not there.
  }
};

/** What `tc` calls a queueing discipline of this rate and delay. */
function disciplineOf(rate, delay) {
  if (delay !== undefined) return ['netem', 'delay', delay, ...(rate ? ['rate', rate] : [])];
  return rate === undefined ? [] : ['tbf', 'rate', rate, 'burst', '256kb', 'latency', '50ms'];
}

class Networks {
  /** @param rate such as `1gbit`, of each process in each direction; @param delay such as `1ms`, of what each sends */
  constructor(count, { rate, delay }) {
    this.names = Array.from({ length: count }, (_, i) => `resnetft${i}`);
    this.close();
    run('ip', 'link', 'add', 'resnetftbr', 'type', 'bridge');
    run('ip', 'link', 'set', 'resnetftbr', 'up');
    for (const [i, name] of this.names.entries()) {
      run('ip', 'netns', 'add', name);
      run('ip', 'link', 'add', `resnetftv${i}`, 'type', 'veth', 'peer', 'name', 'net', 'netns', name);
      run('ip', 'link', 'set', `resnetftv${i}`, 'master', 'resnetftbr', 'up');
      const within = (...args) => run('ip', '-n', name, ...args);
      within('addr', 'add', `${this.address(i)}/24`, 'dev', 'net');
      within('link', 'set', 'net', 'up');
      within('link', 'set', 'lo', 'up');
      const discipline = disciplineOf(rate, delay);
      if (discipline.length > 0) run('tc', '-n', name, 'qdisc', 'add', 'dev', 'net', 'root', ...discipline);
    }
  }

  address(i) {
    return `10.77.0.${i + 1}`;
  }

  /** For `fork`: the process runs in its own namespace, and gloo talks over that one's interface. */
  forkOptions(i) {
    return {
      execPath: 'ip',
      execArgv: ['netns', 'exec', this.names[i], process.execPath],
      env: { ...process.env, GLOO_SOCKET_IFNAME: 'net' },
    };
  }

  close() {
    for (const name of this.names) quietly('ip', 'netns', 'del', name);
    quietly('ip', 'link', 'del', 'resnetftbr');
  }
}

module.exports = { Networks };
