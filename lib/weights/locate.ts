import { download, pytorchUrl, type DownloadControl } from '../download';
import { weightsFile } from './hub';
import { checkPackaged, packagedWeights, weightsPackageName } from './packaged';
import { isOnNpm, type NamedWeights } from './registry';

/** A file a little longer than torchvision's rounded figure is still the one; the hash decides. */
const SLACK = 1024 ** 2;

/** What works without the download: the package, where npm has one, or what the caller names. */
function otherwise(weights: Pick<NamedWeights, 'name' | 'arch'>, given: string | undefined): string | undefined {
  if (!isOnNpm(weights)) return given;
  const install = `take it from npm (npm install ${weightsPackageName(weights)})`;
  return given === undefined ? install : `${install}, or ${given}`;
}

/** See `locateWeights` of the registry. */
export async function locate(
  weights: Pick<NamedWeights, 'name' | 'arch' | 'path' | 'sha256' | 'bytes'>,
  control: DownloadControl = {},
): Promise<string> {
  const packaged = packagedWeights(weights);
  if (packaged !== undefined) return checkPackaged(weights, packaged, control.signal);
  const file = weightsFile(weights);
  return download({
    ...control,
    url: pytorchUrl(weights.path),
    file,
    sha256: weights.sha256,
    bytes: weights.bytes,
    maxBytes: weights.bytes + SLACK,
    otherwise: otherwise(weights, control.otherwise),
  });
}
