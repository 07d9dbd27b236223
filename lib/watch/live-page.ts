import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SSEStreamingApi } from 'hono/streaming';
import type { Run } from '../report/read-run';
import type { TrainEvent } from '../train/events';
import { LiveRun } from './live-run';
import { livePage, PARTS, partOf, type Part, type Shown } from './page';

/** How often a page that is looked at is brought up to date, and its curves within an epoch, in milliseconds. */
const EVERY = 1000;
const CURVES_EVERY = 3000;
/** How many times as long as curves take to draw they stay as they are: the training waits meanwhile. */
const REST = 20;
/** Milliseconds for which the end waits, so that pages which are open can turn into the report. */
const PARTING = 3000;
/** Milliseconds after which a page that was sent, and has not asked for what is new, is none that will: one without scripts, for example. */
const ARRIVAL = 1000;

/** A page that looks: what it was sent, and the stream to it. */
interface Viewer {
  stream: SSEStreamingApi;
  sent: Map<Part, string>;
  /** How often the page had had to begin anew when this one was loaded. */
  version: number;
  /** Whether something is on its way to it that it has not taken yet. */
  busy: boolean;
}

/** Curves as they were drawn, of what, and how long that took. */
interface Drawn {
  run: Run | undefined;
  changes: number;
  epochs: number;
  markup: string;
  at: number;
  took: number;
}

/** The page's state, and those who look at it. */
export class LivePage {
  private shown: Shown = { live: new LiveRun(), label: undefined, ended: undefined };
  private readonly viewers = new Set<Viewer>();
  private version = 0;
  /** For all who look: drawing takes a moment. */
  private drawn: Drawn | undefined;
  private updated = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  /** Answers with the report that have not been sent to their end. */
  private parting = 0;
  private hasAsked = false;
  /** When pages were sent that have not asked for what is new yet; the oldest first. */
  private arriving: number[] = [];
  /** What a page is told of the end; undefined before. */
  private farewell: 'report' | 'stay' | undefined;
  /** Whether any page was told of it. */
  private hasTold = false;

  see(event: TrainEvent, label?: string): void {
    if (label !== this.shown.label) {
      this.shown = { live: new LiveRun(), label, ended: undefined };
      this.version++;
    }
    const { live } = this.shown;
    const known = live.run;
    void live.see(event).then(
      () => {
        // What stands still in the page is known only now.
        if (live.run !== known && this.shown.live === live) this.version++;
        // Of epochs that take no time some are passed over.
        const soon = event.kind === 'epoch' && performance.now() - this.updated >= EVERY;
        if (event.kind === 'start' || soon) void this.update();
      },
      // A folder that can't be read is the training's own trouble.
      () => {},
    );
  }

  /** The page, for somebody who will look at it. */
  page(): string {
    this.arriving = [...this.arrivals(), performance.now()];
    return livePage(this.shown, this.version);
  }

  private arrivals(): number[] {
    return this.arriving.filter((at) => performance.now() - at < ARRIVAL);
  }

  get report(): string | undefined {
    return this.shown.live.report;
  }

  /**
   * Sends what changes until the page has gone, or the training ended.
   *
   * @param version that the page shows, which may have been loaded before what stands still in it was known
   */
  async follow(stream: SSEStreamingApi, version = this.version): Promise<void> {
    const viewer: Viewer = {
      stream,
      sent: new Map(),
      version,
      busy: false,
    };
    this.viewers.add(viewer);
    this.arriving.shift();
    const gone = new Promise<void>((resolve) => stream.onAbort(resolve));
    if (this.farewell === undefined) {
      this.timer ??= setInterval(() => void this.update(), EVERY).unref();
      await this.tell(viewer);
    } else {
      await this.part(viewer, this.farewell);
    }
    await gone;
    this.viewers.delete(viewer);
    if (this.viewers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async update(): Promise<void> {
    this.updated = performance.now();
    await Promise.all([...this.viewers].map((viewer) => this.tell(viewer)));
  }

  /** Tells a viewer what is new, unless it has not taken what it was told before: then nothing piles up for it. */
  private async tell(viewer: Viewer): Promise<void> {
    if (viewer.busy) return;
    viewer.busy = true;
    try {
      await this.send(viewer);
    } finally {
      viewer.busy = false;
    }
  }

  private async send(viewer: Viewer): Promise<void> {
    const { stream, sent } = viewer;
    if (viewer.version !== this.version) return stream.writeSSE({ event: 'page', data: '' });
    const parts: Partial<Record<Part, string>> = {};
    for (const part of PARTS) {
      const markup = part === 'curves' ? this.curves() : partOf(part, this.shown).toString();
      if (sent.get(part) === markup) continue;
      sent.set(part, markup);
      parts[part] = markup;
    }
    if (Object.keys(parts).length > 0) await stream.writeSSE({ event: 'parts', data: JSON.stringify(parts) });
  }

  /** The curves: of steps anew every few seconds, of an epoch soon, and at the end. */
  private curves(): string {
    const { live, ended } = this.shown;
    const { changes, run } = live;
    const epochs = run?.epochs.length ?? 0;
    const { drawn } = this;
    const now = performance.now();
    if (drawn !== undefined && drawn.run === run) {
      const pause = Math.max(drawn.epochs === epochs ? CURVES_EVERY : EVERY, REST * drawn.took);
      if (drawn.changes === changes || (ended === undefined && now - drawn.at < pause)) return drawn.markup;
    }
    const markup = partOf('curves', this.shown).toString();
    this.drawn = { run, changes, epochs, markup, at: now, took: performance.now() - now };
    return markup;
  }

  /** The report for a page that was open when the training ended. */
  sending(response: ServerResponse): void {
    this.parting++;
    this.hasAsked = true;
    response.once('close', () => this.parting--);
  }

  /** Tells those who look how the training ended, and waits for what they ask for then. */
  async end(error: unknown): Promise<void> {
    clearInterval(this.timer);
    // Connections keep no program running, and what is told now is to arrive.
    const running = setInterval(() => {}, PARTING);
    try {
      await this.farewells(error);
    } finally {
      clearInterval(running);
    }
  }

  private async farewells(error: unknown): Promise<void> {
    const { live } = this.shown;
    this.shown.ended =
      error === undefined
        ? { text: live.status.text, failed: false }
        : { text: error instanceof Error ? error.message : 'The training failed', failed: true };
    const report = error === undefined && live.report !== undefined && this.shown.label === undefined;
    const farewell = report ? 'report' : 'stay';
    this.farewell = farewell;
    this.hasAsked = false;
    const until = performance.now() + PARTING;
    // A page that takes nothing any more, of a computer that sleeps for example, must not hold up the end.
    const told = Promise.all([...this.viewers].map((viewer) => this.part(viewer, farewell)));
    if (this.viewers.size > 0) await Promise.race([told, sleep(PARTING, undefined, { ref: false })]);
    // Each page closes its stream when it has heard, and then asks for the report; one that is being loaded has yet to hear.
    const busy = (): boolean => this.viewers.size > 0 || this.parting > 0 || this.arrivals().length > 0;
    const waits = (): boolean => busy() || (report && this.hasTold && !this.hasAsked);
    while (performance.now() < until && waits()) await sleep(20);
  }

  /** Says to a page that the training has ended. */
  private async part(viewer: Viewer, farewell: 'report' | 'stay'): Promise<void> {
    this.hasTold = true;
    while (viewer.busy) await sleep(20, undefined, { ref: false });
    await this.tell(viewer);
    await viewer.stream.writeSSE({ event: 'end', data: farewell });
  }
}
