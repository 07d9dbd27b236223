import os from 'node:os';
import { availableMemory, processorQuota } from '../../lib/machine/cgroup';
import { defaultThreads } from '../../lib/machine/threads';

/** A system whose files are these. */
const system =
  (files: Readonly<Record<string, string>>) =>
  (file: string): string => {
    const text = files[file];
    if (text === undefined) throw Object.assign(new Error(`no ${file}`), { code: 'ENOENT' });
    return text;
  };

test.each([
  ['a container of cgroup v2', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' }, 1.5],
  [
    'a service of systemd, whose slice allows less than it',
    {
      '/proc/self/cgroup': '0::/system.slice/train.service\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '200000 100000\n',
      '/sys/fs/cgroup/system.slice/train.service/cpu.max': '400000 100000\n',
    },
    2,
  ],
  [
    'cgroup v1, where a container sees the path that the host has',
    {
      '/proc/self/cgroup': '4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n0::/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    3,
  ],
  ['no limit', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, undefined],
  ['another system', {}, undefined],
])('the quota of processors: %s', (_, files, quota) => {
  expect(processorQuota(system(files as Record<string, string>))).toBe(quota);
});

test('Node.js of 2024 and later counts no more processors than the quota, which is a limit to LibTorch all the same', () => {
  expect(defaultThreads(2, 2, 1, {}, 64)).toBe(2);
  expect(defaultThreads(1.5, 1, 1, {}, 2)).toBe(1);
  expect(defaultThreads(0.5, 1, 1, {}, 64)).toBe(1);
  // A set of processors, which LibTorch knows, is the tighter one.
  expect(defaultThreads(8, 2, 1, {}, 64)).toBe(0);
  expect(defaultThreads(64, 64, 1, {}, 64)).toBe(0);
});

test("what a container's system keeps of files is memory that can be had, as far as the machine has it", () => {
  const stat = 'anon 300\nfile 7000\ninactive_file 6500\nactive_file 500\n';
  const container = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.stat': stat };
  const limited = { counted: 100, limit: 8000, machine: 64_000, free: 50_000 };
  expect(availableMemory(limited, system(container))).toBe(6600);
  const older = {
    '/proc/self/cgroup': '4:memory:/docker/1\n',
    '/sys/fs/cgroup/memory/memory.stat': 'cache 7000\ninactive_file 1\ntotal_inactive_file 6500\n',
  };
  expect(availableMemory(limited, system(older))).toBe(6600);
  expect(availableMemory({ ...limited, free: 2000 }, system(container))).toBe(2000);
  expect(availableMemory(limited, system({}))).toBe(100);
  // Without a limit Node.js gives what the system says is available, which has them in it.
  for (const limit of [0, 2 ** 64]) expect(availableMemory({ ...limited, limit }, system(container))).toBe(100);
});

test('this machine has memory', () => {
  expect(os.totalmem()).toBeGreaterThan(availableMemory());
  expect(availableMemory()).toBeGreaterThan(0);
});
