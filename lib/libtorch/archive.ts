import fs from 'node:fs';
import { cp, readdir, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { cachePath } from '../machine/cache';
import { download, pytorchUrl, sha256File, unzip, type DownloadEvent } from '../download';
import { decoded } from '../download/decoded';
import { ResnetFtError } from '../errors';
import { makeFolder } from '../files/make-folder';
import { copyNvidia } from './cuda-packages';
import { inspectLibtorch, isCudaBuild } from './inspect';
import { expectedHash } from './known-hashes';
import { LIBTORCH_VERSION } from './version';

/** A LibTorch zip of PyTorch or a torch wheel with CUDA unpacks to about 7 GB. */
const LIMITS = { maxEntries: 50_000, maxBytes: 24 * 1024 ** 3 };
const MAX_ARCHIVE_BYTES = 8 * 1024 ** 3;

/** CUDA of the official archive: what torch 2.13.0 of PyPI is built with. */
const CUDA_TAG = 'cu130';

/** Where a LibTorch comes from, if not from pip. */
export interface ArchiveSource {
  /** A LibTorch zip or a torch wheel, or a folder of either unpacked: a path, or an http or https URL of the first two. */
  from: string;
  /** SHA-256 of the archive in hex; needed for a URL of whose archive none is known. */
  sha256?: string | undefined;
  /** Refuses to download. */
  offline?: boolean | undefined;
  onDownload?: ((event: DownloadEvent) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** The official archive of LibTorch with CUDA for this machine; `RESNET_FT_MIRROR` names another server of the same paths. */
export function cudaArchiveUrl(): string {
  const { platform, arch } = process;
  if (!['linux', 'win32'].includes(platform) || arch !== 'x64') {
    throw new ResnetFtError(
      'LIBTORCH_INSTALL_FAILED',
      `there is no archive of LibTorch with CUDA for ${platform}-${arch}`,
      {
        hint: 'Set LIBTORCH to the torch folder of a Python environment with CUDA.',
      },
    );
  }
  const name = platform === 'win32' ? 'libtorch-win-shared-with-deps' : 'libtorch-shared-with-deps';
  return pytorchUrl(`libtorch/${CUDA_TAG}/${name}-${LIBTORCH_VERSION}%2B${CUDA_TAG}.zip`);
}

const isUrl = (source: string): boolean => /^https?:\/\//i.test(source);

function fail(message: string, hint?: string): ResnetFtError {
  return new ResnetFtError('LIBTORCH_INSTALL_FAILED', message, hint === undefined ? {} : { hint });
}

/** The folder of LibTorch in what an archive holds: `libtorch/` of a zip, `torch/` of a wheel, or the root itself. */
function libtorchRoot(source: string, unpacked: string): string {
  const folders = [unpacked, ...['libtorch', 'torch'].map((name) => path.join(unpacked, name))];
  const root = folders.find((folder) => fs.existsSync(path.join(folder, 'lib')));
  if (root === undefined) throw fail(`${source} holds no LibTorch: neither libtorch/lib nor torch/lib`);
  return root;
}

/**
 * Moves the licences of a wheel, which lie beside its `torch/`, into it: whoever copies the libraries on needs them.
 *
 * @param unpacked the folder that holds `torch/` and `torch-<version>.dist-info/`
 */
export async function keepLicenses(unpacked: string, root: string): Promise<void> {
  const info = (await readdir(unpacked)).find((name) => /^torch-.*\.dist-info$/.test(name));
  const licenses = info === undefined ? undefined : path.join(unpacked, info, 'licenses');
  const target = path.join(root, 'licenses');
  if (licenses === undefined || !fs.existsSync(licenses) || fs.existsSync(target)) return;
  fs.renameSync(licenses, target);
}

async function checkHash(file: string, expected: string | undefined, signal: AbortSignal | undefined): Promise<void> {
  if (expected === undefined) return;
  const found = await sha256File(file, signal);
  if (found !== expected) throw fail(`${file}: its SHA-256 is ${found} instead of ${expected}`);
}

async function unpackInto(file: string, shown: string, folder: string, signal?: AbortSignal): Promise<string> {
  await makeFolder(folder);
  await unzip(file, folder, { ...LIMITS, signal });
  const root = libtorchRoot(shown, folder);
  await keepLicenses(folder, root);
  return root;
}

/**
 * Brings a LibTorch into a folder that does not exist yet.
 *
 * @param tell one line where there is no hash to check
 * @returns where in it the LibTorch lies, not yet checked.
 * @throws ResnetFtError LIBTORCH_INSTALL_FAILED, INVALID_OPTION (a URL of whose archive no hash is known), DOWNLOAD_FAILED,
 *   DATA_INVALID or ABORTED.
 */
export async function fetchLibtorch(
  source: ArchiveSource,
  folder: string,
  tell: (line: string) => void,
): Promise<string> {
  const { from, signal } = source;
  if (isUrl(from)) {
    const sha256 = expectedHash(from, source.sha256);
    if (sha256 === undefined)
      tell('No SHA-256 of this archive is known: it is trusted because it comes from PyTorch over https');
    // Kept under its own name in the cache, so that a download that broke off is taken up again.
    const name = decoded(path.posix.basename(new URL(from).pathname)).replace(/[^\w.+-]/g, '_') || 'libtorch';
    const file = cachePath('libtorch', 'archives', name);
    // Without a hash, nothing tells whether a file of that name is the one asked for.
    if (sha256 === undefined) await rm(file, { force: true });
    await download({
      url: from,
      file,
      sha256,
      maxBytes: MAX_ARCHIVE_BYTES,
      hint: 'Download it by hand, and name the file: resnet-ft libtorch install --from FILE',
      offline: source.offline,
      onProgress: source.onDownload,
      signal,
    });
    const root = await unpackInto(file, from, folder, signal);
    await rm(file, { force: true }).catch(() => {});
    return root;
  }
  const sha256 = source.sha256?.toLowerCase();
  const file = path.resolve(from);
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw fail(`--from ${file}: there is no such file or folder`);
  if (!found.isDirectory()) {
    await checkHash(file, sha256, signal);
    return unpackInto(file, file, folder, signal);
  }
  if (sha256 !== undefined) throw fail(`--sha256 needs an archive, and --from ${file} is a folder`);
  const root = await realpath(libtorchRoot(file, file));
  const copy = path.join(folder, 'torch');
  // Links would lead back to what may be moved or removed.
  const whole = { recursive: true, dereference: true };
  await cp(root, copy, { ...whole, errorOnExist: true, mode: fs.constants.COPYFILE_FICLONE });
  if (isCudaBuild(inspectLibtorch(root))) await copyNvidia(root, copy);
  return copy;
}
