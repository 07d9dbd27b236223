import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** Bytes that may wait to be written before no more are read. */
const LIMIT = 1 << 20;

/**
 * Keeps what has come and is not yet written within bounds, by not reading from the connections meanwhile, so that TCP slows
 * the server down. undici 7 would do so itself by pausing its parser, but then ends the process where the server closes
 * the connection (nodejs/undici 5360, fixed in undici 8, which needs a newer Node.js than this package): its parser is never
 * paused here, because the body takes whatever comes.
 */
export class Backlog {
  private body: Readable | undefined;
  /** Connections from which something was not read, and how to read on. */
  private readonly held = new Set<Socket>();

  /** Watches a connection from before its first byte is read. */
  watch(socket: Socket): void {
    const read = socket.read.bind(socket);
    // undici reads until there is nothing, and again when it is told that something is readable.
    socket.read = (size?: number): unknown => {
      if (this.body === undefined || this.body.readableLength < LIMIT) return read(size);
      this.held.add(socket);
      return null;
    };
    socket.once('close', () => this.held.delete(socket));
  }

  /** The chunks of a body, which from now on is the one that counts. */
  async *chunksOf(body: Readable): AsyncGenerator<Buffer> {
    this.body = body;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      this.readOn();
      yield chunk;
    }
  }

  private readOn(): void {
    for (const socket of this.held) {
      this.held.delete(socket);
      socket.emit('readable');
    }
  }
}
