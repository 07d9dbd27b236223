import fs from 'node:fs';
import path from 'node:path';
import { ResnetFtError } from '../errors';

/** The settings of bundlers that leave this package alone; docs/deploying.md has the lines. */
const LEAVE_OUT =
  'Leave it out of the bundle and install it beside: --external:resnet-ft (esbuild), externals (webpack), ssr.external (Vite), ' +
  'serverExternalPackages (Next.js), --external resnet-ft (Bun). docs/deploying.md has the lines for each';

let found: string | undefined;

/**
 * The package's folder, from dist as from lib. In an app of Electron it is that beside the archive, if it was unpacked there.
 *
 * @throws ResnetFtError ADDON_NOT_LOADED where this code lies elsewhere: a bundler has copied it into a file of its own, away from the
 *   addon, the workers and package.json
 */
export function packageRoot(): string {
  found ??= findRoot();
  return found;
}

function findRoot(): string {
  // A bundle of ES modules has no such name.
  const here = typeof __dirname === 'string' ? __dirname : undefined;
  const root = here === undefined ? undefined : path.join(here, '..', '..');
  for (const folder of root === undefined ? [] : [besideArchive(root), root]) if (isOurs(folder)) return folder;
  throw new ResnetFtError(
    'ADDON_NOT_LOADED',
    `resnet-ft was bundled into other code${here === undefined ? '' : ` (${here})`}, away from its native addon and its package.json`,
    { hint: LEAVE_OUT },
  );
}

function isOurs(folder: string): boolean {
  try {
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as { name?: string };
    return manifest.name === 'resnet-ft';
  } catch {
    return false;
  }
}

/**
 * Where Electron's `asarUnpack` puts a file of an archive. Electron's own fs reads `app.asar/FILE` from there, but the system, which opens
 * libraries, does not know the archive.
 */
function besideArchive(file: string): string {
  return file.replace(/(\.asar)(?=[\\/])/, '$1.unpacked');
}

/** The file beside the archive of an Electron app, if there is one; else the file itself. */
export function outsideArchive(file: string): string {
  const outside = besideArchive(file);
  return fs.existsSync(outside) ? outside : file;
}

/** What to do where a library can't be opened because it is in an archive of Electron's; undefined where it is not. */
export function archiveHint(files: string[]): string | undefined {
  if (!files.some((file) => besideArchive(file) !== file)) return undefined;
  return 'Libraries can only be opened outside the archive of an Electron app: set asarUnpack, as docs/deploying.md shows';
}
