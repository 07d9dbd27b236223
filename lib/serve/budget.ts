import { busy } from './refusal';

/** Bounds the bytes of all bodies that are in memory at the same time. */
export class ByteBudget {
  private used = 0;

  constructor(private readonly bytes: number) {}

  /** @throws Refusal QUEUE_FULL */
  take(bytes: number): void {
    if (this.used + bytes > this.bytes)
      throw busy('QUEUE_FULL', 'Too much is being sent at the same time; try again later');
    this.used += bytes;
  }

  free(bytes: number): void {
    this.used -= bytes;
  }
}
