import { randomBytes } from 'node:crypto';
import { resolveWatchOptions, type WatchOptions } from '../options';
import type { TrainEvent } from '../train/events';
import { LivePage } from './live-page';
import { servePage } from './server';

/** A page that follows a training. */
export interface Watch {
  /** With the token that the page asks for; whoever has it can look. */
  url: string;
  /**
   * Tells the page what happens: for `onEvent` of `train`.
   *
   * @param label which of several trainings this is; another one than before begins the page anew
   */
  see(event: TrainEvent, label?: string): void;
  /**
   * Says how it ended, lets pages that are open turn into the run's report, for three seconds at most, and closes.
   *
   * @param error what the training failed with, or was stopped by
   */
  end(error?: unknown): Promise<void>;
}

/**
 * As the public `watchTraining`.
 *
 *     const watch = await watchTraining();
 *     console.log(watch.url);
 *     try {
 *       await train({ data: 'photos', valSplit: 0.2 }, { onEvent: watch.see });
 *       await watch.end();
 *     } catch (error) {
 *       await watch.end(error);
 *       throw error;
 *     }
 *
 * @param option that names the port, for the hint of the error
 * @throws ResnetFtError INVALID_OPTION; ADDRESS_UNAVAILABLE where the port can't be had
 */
export async function watchTraining(input: WatchOptions = {}, option = 'port'): Promise<Watch> {
  const { port } = resolveWatchOptions(input);
  const token = randomBytes(24).toString('base64url');
  const page = new LivePage();
  const { server, port: chosen } = await servePage(page, token, port, option);
  return {
    url: `http://127.0.0.1:${chosen}/?token=${token}`,
    see: (event, label) => page.see(event, label),
    end: async (error) => {
      await page.end(error);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
