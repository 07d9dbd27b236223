import { ResnetFtError } from '../errors';
import { notWritable } from '../files/atomic-file';
import { readWeights, writeStateDict, type StateDict } from '../weights/index';
import { cardMetadata, parseCard, type ModelCard } from './describe';

/** What may be added to a model after its training, or taken out of it. */
type Addition = Partial<Pick<ModelCard, 'temperature' | 'unknown'>>;

/**
 * Writes a model's file anew, whole or not at all, with other additions in its metadata: its tensors and all else stay as they are.
 *
 * @param change only what is to change; undefined takes it out
 * @param of the weights of which the additions are; whatever the file has where left out
 * @throws ResnetFtError WEIGHTS_INVALID, also where it is no model of ours; OUTPUT_NOT_WRITABLE, also where its weights are others
 */
export async function rewriteCard(file: string, change: Addition, of?: StateDict): Promise<void> {
  const { tensors, metadata } = await readWeights(file);
  const { arch, classes, preprocessing, ...additions } = parseCard(file, metadata);
  if (arch === undefined || classes === undefined || preprocessing === undefined) {
    throw new ResnetFtError('WEIGHTS_INVALID', `weights ${file}: this is no model of train`, {
      hint: 'Name the folder of a run',
    });
  }
  if (of !== undefined && [...tensors].some(([name, { data }]) => !isSame(data, of.get(name)?.data))) {
    throw notWritable(file, 'it has other weights than before', { hint: 'Try again, with those that it has now' });
  }
  const { temperature: _, unknown: __, ...others } = metadata;
  const card = cardMetadata({ arch, classes, preprocessing, ...additions, ...change });
  await writeStateDict(file, tensors, { metadata: { ...others, ...card } });
}

const isSame = (a: Uint8Array, b: Uint8Array | undefined): boolean => b !== undefined && Buffer.compare(a, b) === 0;
