import { glibcVersion } from '../machine/glibc';

/** This machine's system and processor, as prebuilt addons and packages are named by them. */
export const PLATFORM = `${process.platform}-${process.arch}`;

/** Platforms that PyTorch makes LibTorch 2.13 and later for. */
const WITH_LIBTORCH: readonly string[] = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64'];

/** Those for which its libraries are an npm package too. */
const WITH_PACKAGE: readonly string[] = ['linux-x64', 'linux-arm64'];

/** Whether there is a LibTorch for a platform. */
export const hasLibtorch = (platform: string = PLATFORM): boolean => WITH_LIBTORCH.includes(platform);

/**
 * Why PyTorch has no LibTorch for a machine; undefined where it has one.
 *
 * @param glibc its version; empty where Linux runs with another C library
 */
export function whyNoLibtorch(
  platform: string = PLATFORM,
  glibc: string = platform.startsWith('linux') ? glibcVersion() : '',
): string | undefined {
  if (!hasLibtorch(platform)) return `PyTorch makes no LibTorch for ${platform}`;
  return platform.startsWith('linux') && glibc === '' ? 'LibTorch needs glibc, which is not here (musl?)' : undefined;
}

/** The npm package of LibTorch's libraries for a platform; undefined where there is none. */
export function libtorchPackageName(platform: string = PLATFORM): string | undefined {
  return WITH_PACKAGE.includes(platform) ? `@resnet-ft/libtorch-${platform}-cpu` : undefined;
}
