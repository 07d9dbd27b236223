import { download, pytorchUrl, type DownloadControl } from '../download';
import { weightsFile } from './hub';
import type { NamedWeights } from './registry';

/** A file a little longer than torchvision's rounded figure is still the one; the hash decides. */
const SLACK = 1024 ** 2;

/** See `locateWeights` of the registry. */
export function locate(
  weights: Pick<NamedWeights, 'path' | 'sha256' | 'bytes'>,
  control: DownloadControl = {},
): Promise<string> {
  const file = weightsFile(weights);
  return download({
    ...control,
    url: pytorchUrl(weights.path),
    file,
    sha256: weights.sha256,
    bytes: weights.bytes,
    maxBytes: weights.bytes + SLACK,
  });
}
