/** Members that are joined by pairs fall into groups (union-find, with halved paths). */
export class Groups {
  private readonly parents: Int32Array;

  constructor(count: number) {
    this.parents = Int32Array.from({ length: count }, (_, i) => i);
  }

  join(a: number, b: number): void {
    const [first, second] = [this.of(a), this.of(b)];
    // The lower index stands for the group, whatever came first.
    this.parents[Math.max(first, second)] = Math.min(first, second);
  }

  /** What stands for the group of a member: its lowest index. */
  of(member: number): number {
    let at = member;
    for (;;) {
      const parent = this.parents[at] ?? at;
      if (parent === at) return at;
      at = this.parents[at] = this.parents[parent] ?? parent;
    }
  }

  /** Groups of at least two, in the order of their lowest members; members in order. */
  all(): number[][] {
    const groups = new Map<number, number[]>();
    for (let i = 0; i < this.parents.length; i++) {
      const own = this.of(i);
      if (own === i) continue;
      const group = groups.get(own);
      if (group === undefined) groups.set(own, [own, i]);
      else group.push(i);
    }
    return [...groups.values()].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  }
}
