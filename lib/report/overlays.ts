import path from 'node:path';
import sharp from 'sharp';
import { withoutName } from '../data/reason';
import { reasonOf } from '../files/reason';
import { MODEL_FILE } from '../model/locate';
import type { ScoredImage } from './scores';
import { webpOf } from './thumbnails';

/** Images a batch; each takes a few hundred megabytes meanwhile. */
const BATCH = 4;

/** What the network saw of an image, and where in it the evidence for the predicted class lies: WebP. */
export interface Evidence {
  seen: Buffer;
  /** Undefined where the map is empty: it would only be a darker copy. */
  overlay: Buffer | undefined;
  /** Of the map. */
  cells: number;
}

/** What could be made of the images that were asked for. */
export interface EvidenceFound {
  /** By file. */
  of: Map<string, Evidence>;
  /** How many images it is missing of, and why of the first of them; undefined where it is of none. */
  missing: { images: number; why: string } | undefined;
}

/**
 * Grad-CAM of some images for the class that the model of a run predicts. On the CPU, for a GPU's memory may still be the training's.
 *
 * @param seconds after which the images that are done must do
 * @returns what there is: of no image where it can't be had, as without a model or without the native backend
 */
export async function evidenceOf(
  folder: string,
  images: readonly ScoredImage[],
  { side, seconds }: { side: number; seconds: number },
): Promise<EvidenceFound> {
  const of = new Map<string, Evidence>();
  const files = [...new Set(images.map(({ file }) => file))];
  if (files.length === 0) return { of, missing: undefined };
  let why: string | undefined;
  const signal = AbortSignal.timeout(seconds * 1000);
  try {
    const { openModel } = await import('../model/open.js');
    const { Classifier } = await import('../model/classifier.js');
    const { gradCam, isEmpty } = await import('../grad-cam/grad-cam.js');
    const { cropOverlay } = await import('../grad-cam/overlay.js');
    const opened = await openModel(path.join(folder, MODEL_FILE));
    const machine = { backend: 'native', device: 'cpu', precision: 'fp32', threads: undefined } as const;
    const classifier = await Classifier.create(opened, machine, () => {});
    try {
      for await (const one of gradCam(classifier, files, { batchSize: BATCH, signal })) {
        if (one.error !== undefined) {
          why ??= withoutName(one.error.message, one.input);
          continue;
        }
        const { data, width, height } = one.crop;
        const overlay = isEmpty(one.map)
          ? undefined
          : await sharp(await cropOverlay(one.crop, one.map, side))
              .webp({ quality: 70 })
              .toBuffer();
        const cells = one.map.width * one.map.height;
        of.set(one.input, { seen: await webpOf(data, width, height, side), overlay, cells });
      }
    } finally {
      await classifier.close();
    }
  } catch (error) {
    // A report is whole without them.
    why ??= signal.aborted ? `it took longer than ${seconds} s` : reasonOf(error);
  }
  return { of, missing: why === undefined ? undefined : { images: files.length - of.size, why } };
}
