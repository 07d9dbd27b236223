import fs from 'node:fs';
import { ResnetFtError } from '../errors';
import { resolveOptions, type ResolvedOptions } from '../options';
import { WEIGHTS_OPTIONS } from '../options/download';
import { suggest } from '../text/suggest';
import { say, sayJson } from '../text/terminal';
import { defineCommand, type CommandContext } from './command';

const ACTIONS = ['list', 'download'] as const;

type Options = ResolvedOptions<typeof WEIGHTS_OPTIONS>;

async function list(options: Options, json: boolean): Promise<void> {
  const { NAMED_WEIGHTS } = await import('../weights/registry.js');
  const { weightsFile } = await import('../weights/hub.js');
  const rows = NAMED_WEIGHTS.filter(({ arch }) => options.arch === undefined || arch === options.arch).map((entry) => {
    const file = weightsFile(entry);
    const { name, arch, bytes, preprocessing, sha256 } = entry;
    // Whether its bytes are right is checked when it is used; all of them together are more than a GB.
    return { name, arch, bytes, resize: preprocessing.resize, sha256, file: fs.existsSync(file) ? file : null };
  });
  if (json) {
    sayJson(rows);
    return;
  }
  const longest = Math.max(...rows.map(({ arch }) => arch.length));
  for (const { name, arch, bytes, resize, sha256, file } of rows) {
    const size = `${(bytes / 1e6).toFixed(1)} MB`;
    say(
      `${name}  ${arch.padEnd(longest)}  ${size.padStart(8)}  resize ${resize}  ${file ?? 'not downloaded'}${partly(sha256)}`,
    );
  }
}

/** Says where only the beginning of a hash is known. */
function partly(sha256: string): string {
  return sha256.length < 64 ? `  (checked by ${sha256.length * 4} bits of SHA-256, all that is known)` : '';
}

async function fetchWeights(name: string, options: Options, context: CommandContext): Promise<void> {
  const { locateWeights, namedWeights } = await import('../weights/registry.js');
  const { createDownloadDisplay } = await import('./download-progress.js');
  const arch = options.arch ?? 'resnet50';
  const entry = namedWeights(name, arch);
  if (entry === undefined) throw new ResnetFtError('INVALID_OPTION', `${name} is a file, not the name of weights`);
  const display = createDownloadDisplay({ quiet: context.quiet });
  try {
    const { offline } = options;
    const file = await locateWeights(entry, { offline, signal: context.signal, onProgress: display.show });
    display.close();
    if (context.json) sayJson({ name, arch, file });
    else say(file);
  } finally {
    display.close();
  }
}

/** `resnet-ft weights <action> [name]` */
export const weightsCommand = defineCommand({
  command: 'weights <action> [name]',
  describe: 'List the weights that have a name, or download some of them',
  positionals: { action: 'list, or download', name: 'for download: imagenet-v1 or imagenet-v2' },
  options: WEIGHTS_OPTIONS,
  json: 'print one line of JSON',
  quiet: 'print only the file',
  examples: [
    ['weights list', 'the names, and the files that torch.hub already has'],
    ['weights download imagenet-v1 --arch resnet18', 'for a later run without network'],
  ],
  async run(given, context) {
    const options = resolveOptions(WEIGHTS_OPTIONS, given, 'weights');
    const { action, name } = context.positionals as Record<string, string | undefined>;
    if (action === 'list' && name === undefined) return list(options, context.json);
    if (action === 'download' && name !== undefined) return fetchWeights(name, options, context);
    if (action === 'list')
      throw new ResnetFtError('INVALID_OPTION', `Expected no name after list but received ${name}`);
    if (action === 'download') throw new ResnetFtError('INVALID_OPTION', 'Expected a name after download');
    const near = suggest(String(action), ACTIONS);
    throw new ResnetFtError('INVALID_OPTION', `Expected list or download for <action> but received ${action}`, {
      ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
    });
  },
});
