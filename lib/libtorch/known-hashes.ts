import { shownUrl } from '../download/shown-url';
import { rejectOption } from '../options';

/** PyTorch's own server, which is trusted over https. */
const OFFICIAL = 'https://download.pytorch.org/';

/**
 * SHA-256 of official archives, by their paths under {@link OFFICIAL}. PyTorch publishes none: these are what other projects pin that
 * use the same archives; those for Linux are pinned alike by projects that have nothing to do with each other, the others by one.
 */
const KNOWN: Readonly<Record<string, string>> = {
  'libtorch/cpu/libtorch-shared-with-deps-2.13.0+cpu.zip':
    'edbf4cbed78433d803e90a65f1752e57783d164bce66c95c0872b2ab8f5c159e',
  'libtorch/cu130/libtorch-shared-with-deps-2.13.0+cu130.zip':
    '945c5a3d946a28b387ad9dc9fddda7ba03e35fae1375b84ebff15df789436f82',
  'libtorch/cpu/libtorch-win-shared-with-deps-2.13.0+cpu.zip':
    'e1cd3950adc30c54c364eaaf44c2b0caf1eafee29a6e811c805e6fe1ce912759',
  'libtorch/cu130/libtorch-win-shared-with-deps-2.13.0+cu130.zip':
    'be25958466f64d551221c3525f5d878200d3e3ef7c6eb36af6a282f6f6076dac',
  'libtorch/cpu/libtorch-macos-arm64-2.13.0.zip': '1e10c6c4dc2764150c9fb2ad28e1889191302734e7f939108e5d2f22f21a06f8',
};

/**
 * The SHA-256 that an archive from a URL must have: the one given, else that of the official archive of this path, whichever
 * server it comes from. Undefined only for an archive of PyTorch's own server that is not known.
 *
 * @throws ResnetFtError INVALID_OPTION where nothing vouches for the archive, whose libraries are going to be run.
 */
export function expectedHash(url: string, given: string | undefined): string | undefined {
  const known = given ?? Object.entries(KNOWN).find(([path]) => decoded(url).endsWith(`/${path}`))?.[1];
  if (known !== undefined || url.startsWith(OFFICIAL)) return known?.toLowerCase();
  rejectOption(
    `the SHA-256 of ${shownUrl(url)}, whose libraries would be run,`,
    '--sha256',
    undefined,
    'No hash of this archive is known: take it from a source that you trust',
  );
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(new URL(url).pathname);
  } catch {
    return '';
  }
}
