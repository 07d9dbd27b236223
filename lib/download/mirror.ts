import { rejectOption } from '../options';
import { shownUrl } from './shown-url';

const ORIGIN = 'https://download.pytorch.org/';

/**
 * URL of a file of download.pytorch.org, or of the mirror that RESNET_FT_MIRROR names instead: a base URL under which the
 * same paths are found (`<mirror>/models/resnet50-0676ba61.pth`). Hashes are checked all the same.
 *
 * @throws ResnetFtError INVALID_OPTION where RESNET_FT_MIRROR is no http or https URL.
 */
export function pytorchUrl(path: string): string {
  const mirror = process.env['RESNET_FT_MIRROR'];
  if (mirror === undefined || mirror === '') return ORIGIN + path;
  if (!/^https?:\/\//i.test(mirror) || !URL.canParse(mirror)) {
    rejectOption('an http or https URL', 'RESNET_FT_MIRROR', shownUrl(mirror));
  }
  return `${mirror.replace(/(?<!\/)\/+$/, '')}/${path}`;
}
