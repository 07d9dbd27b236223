import { ResnetFtError } from '../errors';
import { sleepWhileWaiting } from '../machine/threads';
import { SERVE_OPTIONS, type ServeOptions } from '../options';
import type { ServeEvent } from '../serve/types';
import { counted } from '../text/count';
import { say, sayJson, tell } from '../text/terminal';
import { defineCommand } from './command';
import { createDownloadDisplay } from './download-progress';
import { tellFallback } from './fallback';

/** `resnet-ft serve <model>` */
export const serveCommand = defineCommand({
  command: 'serve <model>',
  describe: 'Try a model on a page, or from programs, by HTTP',
  positionals: { model: 'model file, folder of a run of train, or named weights such as imagenet-v1' },
  options: SERVE_OPTIONS,
  json: 'print one JSON record per line: the address, then each request',
  examples: [
    ['serve runs/first', 'http://127.0.0.1:8080/, for this machine alone'],
    ['serve runs/first --corrections corrected', 'keeps images whose class was corrected, for the next training'],
    ['serve runs/first --port 0 --json', 'at any free port, which the first record names'],
  ],
  async run(given, { positionals, json, verbose, signal }) {
    sleepWhileWaiting();
    const { serveModel } = await import('../serve/serve.js');
    const display = createDownloadDisplay({ quiet: json });
    // Records that a slow reader has no room for are left out: kept, they would fill the memory.
    let room = true;
    const record = (event: ServeEvent): void => {
      if (!room) return;
      room = sayJson(event);
      if (!room) process.stdout.once('drain', () => (room = true));
    };
    const show = (event: ServeEvent): void => {
      if (event.kind === 'download') display.show(event.event);
      else if (event.kind === 'fallback') tellFallback(event);
      else if (event.kind === 'failure') tell(`resnet-ft: ${event.message}`);
      else if (json) record(event);
      else if (verbose) tell(requestLine(event));
    };
    const options = { model: positionals['model'], ...given } as ServeOptions;
    const server = await serveModel(options, { signal, onEvent: show }).finally(() => display.close());
    const { url, port, arch, classes, device, precision } = server;
    if (json) sayJson({ kind: 'listening', url, port, arch, classes: classes.length, device, precision });
    else say(url);
    if (server.open) tell(`resnet-ft: anyone who reaches port ${port} of this machine can use it`);
    // A signal closes it, as does a reader of the records that goes away.
    await server.closed;
    throw new ResnetFtError('ABORTED', 'The server was stopped');
  },
});

function requestLine({
  method,
  route,
  status,
  milliseconds,
  images,
}: Extract<ServeEvent, { kind: 'request' }>): string {
  return `${method} ${route} ${status} ${milliseconds.toFixed(1)} ms${images > 0 ? ` ${counted(images, 'image')}` : ''}`;
}
