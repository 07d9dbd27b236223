import { createRequire } from 'node:module';
import path from 'node:path';
import { ResnetFtError, throwIfAborted } from '../errors';
import { currentFolder } from '../files/current-folder';
import { reasonOf } from '../files/reason';
import { faultOfWeights } from './fault';
import type { NamedWeights } from './registry';

/** Named weights in an npm package: the official file, byte for byte, under its own name. */
interface PackagedWeights {
  /** Name of the package. */
  name: string;
  /** Where its file is, or should be. */
  file: string;
}

/**
 * Name of the npm package of named weights, whether there is one or not: `npm run pack:weights` makes one of any, for npm or a
 * registry of one's own.
 */
export function weightsPackageName({ name, arch }: Pick<NamedWeights, 'name' | 'arch'>): string {
  return `@resnet-ft/weights-${arch}-${name}`;
}

/**
 * Whose packages are looked at, one after the other. First what was installed beside this package (npm's and Yarn's layout, and a
 * global installation). Then what the program sees, or the project through whose `node_modules/.bin` it was started: with pnpm only the
 * project has what it asks for. Last the project in the working directory, for a resnet-ft that was installed elsewhere, as by npx.
 */
function anchors(): string[] {
  const program = process.argv[1];
  const here = currentFolder();
  return [
    __filename,
    ...(program !== undefined && path.isAbsolute(program) ? [program] : []),
    ...(here === undefined ? [] : [path.join(here, 'package.json')]),
  ];
}

/**
 * The file of named weights in the first package of theirs; undefined where none is installed. A package is data: nothing of it is
 * loaded or run, and nothing but its package.json, by Node.js's own resolution, is read here. Whether the file is right is for
 * {@link checkPackaged} to say.
 */
export function packagedWeights(weights: Pick<NamedWeights, 'name' | 'arch' | 'path'>): PackagedWeights | undefined {
  const name = weightsPackageName(weights);
  for (const anchor of anchors()) {
    try {
      // Resolved and never required.
      const manifest = createRequire(anchor).resolve(`${name}/package.json`);
      return { name, file: path.join(path.dirname(manifest), path.posix.basename(weights.path)) };
    } catch {
      // Not among what this anchor sees.
    }
  }
  return undefined;
}

/** What installs a package anew: npm takes a damaged one for installed. */
export function reinstall(name: string): string {
  return `npm uninstall ${name} && npm install ${name}`;
}

/**
 * The file of an installed package, once its size and its hash are those of the weights.
 *
 * @throws ResnetFtError WEIGHTS_INVALID where they are not: what somebody installed is not passed over; ABORTED.
 */
export async function checkPackaged(
  weights: Pick<NamedWeights, 'sha256' | 'bytes'>,
  { name, file }: PackagedWeights,
  signal?: AbortSignal,
): Promise<string> {
  const stopped = `The check of ${file} was stopped`;
  throwIfAborted(signal, stopped);
  const fault = await faultOfWeights(weights, file, { hash: true, signal }).catch((error: Error) => {
    throwIfAborted(signal, stopped);
    return `can't be read: ${reasonOf(error)}`;
  });
  if (fault === undefined) return file;
  throw new ResnetFtError('WEIGHTS_INVALID', `${file}, of the npm package ${name}: ${fault}`, {
    hint: `Install it again: ${reinstall(name)}`,
  });
}
