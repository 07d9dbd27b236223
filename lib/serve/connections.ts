import type http from 'node:http';
import type { Socket } from 'node:net';

/**
 * The connections of a server, and whether a request is under way in each. Node.js counts one that has sent nothing yet, or half of a head, among
 * those that are at work, and would wait for it when the server closes.
 */
export class Connections {
  /** The last answer that was begun in each: those before it are finished by then. */
  private readonly latest = new Map<Socket, http.ServerResponse | undefined>();

  /** Sees a connection, which has no request yet: browsers and balancers open some to have them at hand. */
  opened(socket: Socket): void {
    this.latest.set(socket, undefined);
    socket.once('close', () => this.latest.delete(socket));
  }

  /** Sees a request of which the head is there. */
  asked(response: http.ServerResponse): void {
    const { socket } = response.req;
    if (!socket.destroyed) this.latest.set(socket, response);
  }

  /** The last answer to a request that is under way: its body is still coming, or the answer not yet sent. */
  underWay(socket: Socket): http.ServerResponse | undefined {
    const response = this.latest.get(socket);
    return response?.writableFinished === true && response.req.complete ? undefined : response;
  }

  /** Closes those in which no request is under way. */
  closeIdle(): void {
    for (const socket of this.latest.keys()) if (this.underWay(socket) === undefined) socket.destroy();
  }

  /** Closes all of them. */
  closeAll(): void {
    for (const socket of this.latest.keys()) socket.destroy();
  }
}
