// What Node.js has and the sources of lib use; esbuild puts it into the bundle for browsers.

const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
port1.onmessage = () => waiting.shift()?.();

/** Timers of a page in the background come once a second; messages come at once. */
export function setImmediate(work: () => void): void {
  waiting.push(work);
  port2.postMessage(undefined);
}
