import type { DownloadEvent } from '../download/types';
import { tell } from '../text/terminal';
import { ProgressBar } from './bar';

/** Shows downloads on standard error: lines, and on a terminal a bar. */
export interface DownloadDisplay {
  show: (event: DownloadEvent) => void;
  /** Takes the progress bar away. */
  close: () => void;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** A display of downloads; `quiet` shows nothing. */
export function createDownloadDisplay(options: { quiet?: boolean } = {}): DownloadDisplay {
  const quiet = options.quiet ?? false;
  const bar = new ProgressBar(process.stderr, {
    time: true,
    count: (done, total) => `${megabytes(done)}/${megabytes(total)} MB`,
  });
  let announced: string | undefined;

  const close = (): void => bar.stop();
  const line = (text: string): void => {
    close();
    if (!quiet) tell(text);
  };
  const bytes = (url: string, received: number, total: number | undefined): void => {
    if (announced !== url) {
      announced = url;
      const size = total === undefined ? '' : ` (${megabytes(total)} MB)`;
      const before = received > 0 ? `, ${megabytes(received)} MB of it were there already` : '';
      line(`downloading ${url}${size}${before}`);
    }
    if (quiet || total === undefined) return;
    bar.show(received, total);
  };

  return {
    close,
    show(event) {
      switch (event.kind) {
        case 'bytes':
          return bytes(event.url, event.received, event.total);
        case 'retry':
          return line(`${event.reason}; trying again in ${event.seconds.toFixed(1)} s`);
        case 'waiting':
          return line(`waiting for another process that is downloading ${event.file}`);
        case 'partly-checked':
          return line(
            `the SHA-256 of ${event.file} begins with ${event.digits}, and no more of it is known: damage would be noticed, a forgery might not be`,
          );
        case 'damaged':
          return line(`${event.file} is damaged: ${event.reason}; downloading it again`);
      }
    },
  };
}
