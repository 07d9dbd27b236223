import { ResnetFtError } from '../errors';
import { resolveOptions, type ResolvedOptions } from '../options';
import { LIBTORCH_OPTIONS } from '../options/libtorch';
import { suggest } from '../text/suggest';
import { say, sayJson, tell } from '../text/terminal';
import { defineCommand, type CommandContext } from './command';

const ACTIONS = ['where', 'install'] as const;

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

/** Says so where something else goes before what was installed, so that CUDA does not become CPU in silence. */
async function tellIfUnused(installed: string, onLine: (line: string) => void): Promise<void> {
  const { findLibtorch } = await import('../libtorch/find.js');
  let used: ReturnType<typeof findLibtorch>;
  try {
    used = findLibtorch();
  } catch (error) {
    // A LIBTORCH that does not fit.
    return onLine(`not used yet: ${(error as Error).message}`);
  }
  if (used.path === installed) return;
  onLine(
    `not used yet: the LibTorch of ${used.path} (${used.source}) goes before it; to use it, set LIBTORCH=${installed}`,
  );
}

async function install(options: Options, context: CommandContext): Promise<void> {
  const { from, sha256, cuda, offline } = options;
  if (cuda && from !== undefined)
    throw new ResnetFtError('INVALID_OPTION', 'Expected one of --cuda and --from, not both');
  if (sha256 !== undefined && from === undefined && !cuda) {
    throw new ResnetFtError('INVALID_OPTION', 'Expected --from or --cuda together with --sha256');
  }
  const { installLibtorch, installLibtorchFrom } = await import('../libtorch/install.js');
  const { cudaArchiveUrl } = await import('../libtorch/archive.js');
  const { isOffline } = await import('../download/index.js');
  const { createDownloadDisplay } = await import('./download-progress.js');
  const { signal, quiet, json } = context;
  const onProgress = (line: string): void => void (quiet || tell(line));
  const display = createDownloadDisplay({ quiet });
  try {
    const archive = cuda ? cudaArchiveUrl() : from;
    if (archive === undefined && isOffline({ offline })) {
      throw new ResnetFtError('LIBTORCH_INSTALL_FAILED', 'downloads are off (--offline or RESNET_FT_OFFLINE)', {
        hint: 'Name an archive that is there: resnet-ft libtorch install --from FILE',
      });
    }
    const folder =
      archive === undefined
        ? await installLibtorch({ onProgress, signal })
        : await installLibtorchFrom({ from: archive, sha256, offline, signal, onDownload: display.show }, onProgress);
    display.close();
    await tellIfUnused(folder.path, onProgress);
    if (json) sayJson(folder);
    else say(folder.path);
  } finally {
    display.close();
  }
}

/** `resnet-ft libtorch <action>` */
export const libtorchCommand = defineCommand({
  command: 'libtorch <action>',
  describe: 'Show which LibTorch is used and why others are not, or install one into the cache',
  positionals: { action: 'where, or install' },
  options: LIBTORCH_OPTIONS,
  json: 'print one line of JSON',
  quiet: 'print only the result',
  examples: [
    ['libtorch where', 'which LibTorch is used'],
    ['libtorch install', "LibTorch's CPU build, with pip"],
    ['libtorch install --from libtorch-shared-with-deps-2.13.0+cpu.zip', 'from a file, without network or Python'],
  ],
  async run(given, context) {
    const options = resolveOptions(LIBTORCH_OPTIONS, given, 'libtorch');
    const action = String(context.positionals['action']);
    if (action === 'install') return install(options, context);
    if (action !== 'where') {
      const near = suggest(action, ACTIONS);
      throw new ResnetFtError('INVALID_OPTION', `Expected where or install for <action> but received ${action}`, {
        ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
      });
    }
    for (const name of ['from', 'sha256', 'cuda'] as const) {
      if (given[name] !== undefined && given[name] !== false) {
        throw new ResnetFtError('INVALID_OPTION', `Expected no --${name} for libtorch where`);
      }
    }
    return where(context.json);
  },
});
