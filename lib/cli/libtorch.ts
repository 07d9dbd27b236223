import { rejectUse, resolveOptions, type ResolvedOptions } from '../options';
import { LIBTORCH_OPTIONS } from '../options/libtorch';
import { say, sayJson, tell } from '../text/terminal';
import { defineCommand, type CommandContext } from './command';
import { defineGroup } from './command-group';

type Options = ResolvedOptions<typeof LIBTORCH_OPTIONS>;

async function where(json: boolean): Promise<void> {
  const { findLibtorch } = await import('../libtorch/find.js');
  const found = findLibtorch();
  if (json) {
    sayJson(found);
    return;
  }
  const lines = [`path:    ${found.path}`, `version: ${found.version}`, `source:  ${found.source}`];
  for (const rejected of found.rejected) {
    const place = rejected.path ? `${rejected.source} (${rejected.path})` : rejected.source;
    lines.push(`passed over ${place}: ${rejected.reason}`);
  }
  lines.forEach((line) => say(line));
}

/** Says so if another LibTorch takes precedence over the installed one, so that CUDA does not silently become CPU. */
async function tellIfUnused(installed: string, onLine: (line: string) => void): Promise<void> {
  const { findLibtorch, wayToAnother } = await import('../libtorch/find.js');
  let used: ReturnType<typeof findLibtorch>;
  try {
    used = findLibtorch();
  } catch (error) {
    // A LIBTORCH that does not fit, or an addon that was compiled against another.
    onLine(`not used yet: ${(error as Error).message}`);
    const way = wayToAnother();
    if (way !== undefined) onLine(way);
    return;
  }
  if (used.path === installed) return;
  onLine(
    `not used yet: the LibTorch of ${used.path} (${used.source}) goes before it; to use it, set LIBTORCH=${installed}`,
  );
}

async function install(options: Options, context: CommandContext): Promise<void> {
  const { from, sha256, cuda, offline } = options;
  if (cuda && from !== undefined) rejectUse("--from can't be used with --cuda");
  if (sha256 !== undefined && from === undefined && !cuda) {
    rejectUse('--sha256 needs --from or --cuda');
  }
  const { installLibtorch, installLibtorchFrom } = await import('../libtorch/install.js');
  const { cudaArchiveUrl } = await import('../libtorch/archive.js');
  const { createDownloadDisplay } = await import('./download-progress.js');
  const { signal, quiet, json } = context;
  const onProgress = (line: string): void => void (quiet || tell(line));
  const display = createDownloadDisplay({ quiet });
  try {
    const archive = cuda ? cudaArchiveUrl() : from;
    const folder =
      archive === undefined
        ? await installLibtorch({ onProgress, offline, signal })
        : await installLibtorchFrom({ from: archive, sha256, offline, signal, onDownload: display.show }, onProgress);
    display.close();
    await tellIfUnused(folder.path, onProgress);
    if (json) sayJson(folder);
    else say(folder.path);
  } finally {
    display.close();
  }
}

const whereCommand = defineCommand({
  command: 'libtorch where',
  describe: 'Show which LibTorch is used and why others are not',
  positionals: {},
  options: {},
  json: 'print one line of JSON',
  run: (_given, { json }) => where(json),
});

const installCommand = defineCommand({
  command: 'libtorch install',
  describe: 'Install a LibTorch into the cache',
  positionals: {},
  options: LIBTORCH_OPTIONS,
  json: 'print one line of JSON',
  quiet: 'print only the folder',
  examples: [
    ['libtorch install', "LibTorch's CPU build, with pip"],
    ['libtorch install --from libtorch-shared-with-deps-2.13.0+cpu.zip', 'from a file, without network or Python'],
  ],
  run: (given, context) => install(resolveOptions(LIBTORCH_OPTIONS, given, 'libtorch install'), context),
});

/** `resnet-ft libtorch <action>` */
export const libtorchCommand = defineGroup(
  'libtorch',
  'Show which LibTorch is used and why others are not, or install one into the cache',
  [whereCommand, installCommand],
);
