import fs from 'node:fs';
import path from 'node:path';
import { resolveTrainOptions } from '../../lib/options';
import { EventsFile } from '../../lib/tensorboard/events-file';
import type { TrainEvent } from '../../lib/train/events';
import type { RunFolder } from '../../lib/train/run-folder';
import { TensorBoardLog } from '../../lib/train/tensorboard';
import { scratch } from '../cli/run';

const tmp = scratch();

describe('a file system that only tells at the end', () => {
  afterEach(() => jest.restoreAllMocks());
  const LOST = Object.assign(new Error('mine'), { code: 'EIO', errno: -5, syscall: 'close' });

  /** Closes, and then fails, as on a file system over a network. */
  const failToClose = (): jest.SpyInstance => {
    const { closeSync } = fs;
    return jest.spyOn(fs, 'closeSync').mockImplementationOnce((descriptor) => {
      closeSync(descriptor);
      throw LOST;
    });
  };

  test('that the file can not be closed fails no training, and is told once', () => {
    const notes: TrainEvent[] = [];
    const options = resolveTrainOptions({ data: 'photos', tensorboard: true });
    const output = { file: (name: string) => path.join(tmp, 'closed', name) } as RunFolder;
    const log = new TensorBoardLog(output, options, { total: 1, stepsPerEpoch: 1 }, (event) => notes.push(event), 0);
    log.see({ kind: 'step', epoch: 1, step: 1, loss: 1, lr: 0.1, images: 4 });
    failToClose();
    log.close();
    log.close();
    expect(notes).toEqual([{ kind: 'note', note: "TensorBoard's events are not all written: i/o error (EIO)" }]);
  });

  test('a file that can not be begun is closed, and the first error counts', () => {
    jest.spyOn(fs, 'writeSync').mockImplementationOnce(() => {
      throw new Error('full');
    });
    const closed = failToClose();
    expect(() => new EventsFile(path.join(tmp, 'full'))).toThrow('full');
    expect(closed).toHaveBeenCalledTimes(1);
  });
});
