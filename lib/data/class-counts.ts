/** How many samples each class has. */
export function classCounts(targets: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const target of targets) counts.set(target, (counts.get(target) ?? 0) + 1);
  return counts;
}
