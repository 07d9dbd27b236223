import { busy } from './refusal';

/** Places for images, of which there are so many: the lowest that is free is taken, so that few of them ever take memory. */
export class Slots {
  private readonly taken: boolean[];
  private count = 0;

  constructor(readonly size: number) {
    this.taken = new Array<boolean>(size).fill(false);
  }

  /** How many are taken. */
  get used(): number {
    return this.count;
  }

  /**
   * Takes so many places, or none.
   *
   * @throws Refusal QUEUE_FULL
   */
  take(wanted: number): number[] {
    this.requireRoom(wanted);
    const slots: number[] = [];
    for (let slot = 0; slots.length < wanted; slot++) {
      if (this.taken[slot] === true) continue;
      this.taken[slot] = true;
      slots.push(slot);
    }
    this.count += wanted;
    return slots;
  }

  /** @throws Refusal QUEUE_FULL */
  requireRoom(wanted: number): void {
    if (this.count + wanted > this.size) throw busy('QUEUE_FULL', 'Too many images are waiting; try again later');
  }

  /** Gives a place back. */
  free(slot: number): void {
    this.taken[slot] = false;
    this.count--;
  }
}
