import type { CommandModule } from 'yargs';

interface WhereArguments {
  json: boolean;
}

const where: CommandModule<object, WhereArguments> = {
  command: 'where',
  describe: 'Say which LibTorch is used, and why not another',
  builder: (yargs) => yargs.option('json', { type: 'boolean', default: false, describe: 'Print one line of JSON' }),
  handler: async (args) => {
    const { findLibtorch } = await import('../libtorch/find.js');
    const found = findLibtorch();
    if (args.json) {
      process.stdout.write(`${JSON.stringify(found)}\n`);
      return;
    }
    const lines = [`path:    ${found.path}`, `version: ${found.version}`, `source:  ${found.source}`];
    for (const rejected of found.rejected) {
      const place = rejected.path ? `${rejected.source} (${rejected.path})` : rejected.source;
      lines.push(`passed over ${place}: ${rejected.reason}`);
    }
    process.stdout.write(`${lines.join('\n')}\n`);
  },
};

const install: CommandModule = {
  command: 'install',
  describe: "Install LibTorch's CPU build into the cache, with pip",
  handler: async () => {
    const { installLibtorch } = await import('../libtorch/install.js');
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    process.once('SIGINT', stop).once('SIGTERM', stop);
    try {
      const folder = await installLibtorch({
        onProgress: (line) => process.stderr.write(`${line}\n`),
        signal: abort.signal,
      });
      process.stdout.write(`${folder.path}\n`);
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop);
    }
  },
};

/** `resnet-ft libtorch <action>`: errors are thrown, the caller prints them. */
export const libtorchCommand: CommandModule = {
  command: 'libtorch',
  describe: 'Find or install LibTorch',
  builder: (yargs) => yargs.command(where).command(install).demandCommand(1, 'Name an action: where or install'),
  handler: () => {},
};

export default libtorchCommand;
