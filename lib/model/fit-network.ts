import { ResnetFtError } from '../errors';
import type { Architecture } from '../options';
import type { StateDict } from '../weights/state-dict';
import { matchForTransfer } from '../weights/transfer';
import { checkValues } from '../weights/values';
import { buildNetwork, tensorsOf, type Container } from '../network/architecture';

/**
 * The network of an architecture, and its tensors in torchvision's order, complete: counters of batches that an old file
 * lacks are 0.
 *
 * @param outputs of the file's `fc`
 * @throws ResnetFtError WEIGHTS_MISMATCH naming the first tensors that are missing, unexpected or of another shape, as those of
 *   a ResNet of another width are, which has the same names; WEIGHTS_INVALID where a tensor's values are none to compute with
 */
export function fitNetwork(
  arch: Architecture,
  outputs: number,
  tensors: StateDict,
  file: string,
): { network: Container; tensors: StateDict } {
  const network = buildNetwork(arch, outputs);
  const { load, replaced } = matchForTransfer(tensorsOf(network), tensors, file);
  if (replaced.length > 0) {
    throw new ResnetFtError('WEIGHTS_MISMATCH', `weights ${file}: ${replaced.join(' and ')} do not fit ${arch}`);
  }
  const fitted = new Map(load.map(({ name, ...tensor }) => [name, tensor]));
  checkValues(file, fitted);
  return { network, tensors: fitted };
}
