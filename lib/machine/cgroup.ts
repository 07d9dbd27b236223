import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// Limits of a container, or of a service of systemd: cgroup v2, then v1 (cgroups(7)). A group is limited by those above it too.

type Read = (file: string) => string;

const readFile: Read = (file) => fs.readFileSync(file, 'utf8');

const ROOT = '/sys/fs/cgroup';

/**
 * The folders of this process's group and of those above it, the nearest first. In a container they may be missing, for the path can be
 * that of the host, whose root the container's own group is.
 */
function folders(read: Read, controller: string): string[] {
  const lines = attempt(() => read('/proc/self/cgroup'))?.split('\n') ?? [];
  const groups = lines.map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line)?.slice(1) ?? []);
  const v1 = groups.find(([controllers]) => controllers?.split(',').includes(controller));
  const [, group = '/'] = v1 ?? groups.find(([controllers]) => controllers === '') ?? [];
  return above(group).map((at) => path.posix.join(ROOT, v1 === undefined ? '' : controller, at));
}

function above(group: string): string[] {
  return group === '/' ? ['/'] : [group, ...above(path.posix.dirname(group))];
}

/**
 * Processors' worth of time that a cgroup allows, from the text of its files: `150000 100000` is 1.5, `max 100000` and a quota of -1
 * are no limit.
 */
export function quotaOf(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined;
}

/** Processors' worth of time that this process may use; undefined where there is no limit. */
export function processorQuota(read: Read = readFile): number | undefined {
  const found = folders(read, 'cpu').map((folder) => {
    const files = [['cpu.max'], ['cpu.cfs_quota_us', 'cpu.cfs_period_us']];
    const text = files.map((names) =>
      attempt(() => names.map((name) => read(path.posix.join(folder, name))).join(' ')),
    );
    return quotaOf(text.find((one) => one !== undefined) ?? '');
  });
  const quotas = found.filter((quota) => quota !== undefined);
  return quotas.length === 0 ? undefined : Math.min(...quotas);
}

/** Bytes of memory, as Node.js tells them. */
interface Memory {
  /** What it says is available. */
  counted: number;
  /** What the group may have; 0, or more than the machine has, where there is no limit. */
  limit: number;
  machine: number;
  free: number;
}

const memoryNow = (): Memory => ({
  counted: process.availableMemory(),
  limit: process.constrainedMemory(),
  machine: os.totalmem(),
  free: os.freemem(),
});

/**
 * Bytes of memory that this process may still take. Where there is a limit, Node.js takes what the system keeps of files for used: after a
 * data set was read nothing seems to be left, though the system gives it up as soon as memory is asked for. It is added here as far as the
 * kernel itself would give it up first, as `docker stats` and Kubernetes count.
 */
export function availableMemory(
  { counted, limit, machine, free }: Memory = memoryNow(),
  read: Read = readFile,
): number {
  if (!(limit > 0 && limit <= machine)) return counted;
  const stat = folders(read, 'memory')
    .map((folder) => attempt(() => read(path.posix.join(folder, 'memory.stat'))))
    .find((text) => text !== undefined);
  const files = (/^total_inactive_file (\d+)$/m.exec(stat ?? '') ?? /^inactive_file (\d+)$/m.exec(stat ?? ''))?.[1];
  return Math.min(counted + Number(files ?? 0), limit, free);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
