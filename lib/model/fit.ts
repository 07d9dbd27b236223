import { ResnetFtError } from '../errors';
import type { StateDict } from '../weights/state-dict';
import { matchForTransfer } from '../weights/transfer';
import { buildNetwork, tensorsOf, type Container } from './architecture';
import type { OpenedModel } from './open';

/**
 * The network of an opened model, and its tensors in torchvision's order, complete: counters of batches that an old file
 * lacks are 0.
 *
 * @throws ResnetFtError WEIGHTS_MISMATCH naming the first tensors that are missing, unexpected or of another shape, as those of
 *   a wide ResNet are, which has the same names.
 */
export function fitNetwork(opened: OpenedModel): { network: Container; tensors: StateDict } {
  const network = buildNetwork(opened.arch, opened.classes.length);
  const { load, replaced } = matchForTransfer(tensorsOf(network), opened.tensors, opened.file);
  if (replaced.length > 0) {
    throw new ResnetFtError(
      'WEIGHTS_MISMATCH',
      `weights ${opened.file}: ${replaced.join(' and ')} do not fit ${opened.arch}`,
    );
  }
  return { network, tensors: new Map(load.map(({ name, ...tensor }) => [name, tensor])) };
}
