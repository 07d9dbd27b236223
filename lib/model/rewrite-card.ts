import { ResnetFtError } from '../errors';
import { readWeights, writeStateDict } from '../weights/index';
import { cardMetadata, parseCard, type ModelCard } from './describe';

/** What may be added to a model after its training, or taken out of it. */
type Addition = Partial<Pick<ModelCard, 'temperature' | 'unknown'>>;

/**
 * Writes a model's file anew, whole or not at all, with other additions in its metadata: its tensors and all else stay as they are.
 *
 * @param change only what is to change; undefined takes it out
 * @throws ResnetFtError WEIGHTS_INVALID, also where it is no model of ours; OUTPUT_NOT_WRITABLE
 */
export async function rewriteCard(file: string, change: Addition): Promise<void> {
  const { tensors, metadata } = await readWeights(file);
  const { arch, classes, preprocessing, ...additions } = parseCard(file, metadata);
  if (arch === undefined || classes === undefined || preprocessing === undefined) {
    throw new ResnetFtError('WEIGHTS_INVALID', `weights ${file}: this is no model of train`, {
      hint: 'Name the folder of a run',
    });
  }
  const { temperature: _, unknown: __, ...others } = metadata;
  const card = cardMetadata({ arch, classes, preprocessing, ...additions, ...change });
  await writeStateDict(file, tensors, { metadata: { ...others, ...card } });
}
