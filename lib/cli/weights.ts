import fs from 'node:fs';
import { shownBytes } from '../files/disk';
import { oneOf, rejectOption, requireText, resolveOptions, type ResolvedOptions } from '../options';
import { WEIGHTS_DOWNLOAD_OPTIONS, WEIGHTS_LIST_OPTIONS } from '../options/download';
import { say, sayJson } from '../text/terminal';
import { defineCommand, type CommandContext } from './command';
import { defineGroup } from './command-group';

type ListOptions = ResolvedOptions<typeof WEIGHTS_LIST_OPTIONS>;
type DownloadOptions = ResolvedOptions<typeof WEIGHTS_DOWNLOAD_OPTIONS>;

async function list(options: ListOptions, json: boolean): Promise<void> {
  const { isOnNpm, NAMED_WEIGHTS } = await import('../weights/registry.js');
  const { weightsFile } = await import('../weights/hub.js');
  const { packagedWeights, weightsPackageName } = await import('../weights/packaged.js');
  const rows = NAMED_WEIGHTS.filter(({ arch }) => options.arch === undefined || arch === options.arch).map((entry) => {
    const packaged = packagedWeights(entry);
    const file = packaged?.file ?? weightsFile(entry);
    const { name, arch, bytes, preprocessing, sha256 } = entry;
    return {
      ...{ name, arch, bytes, resize: preprocessing.resize, sha256 },
      // Whether its bytes are right is checked when it is used; all of them together are more than a GB.
      file: fs.existsSync(file) ? file : null,
      package: packaged !== undefined || isOnNpm(entry) ? weightsPackageName(entry) : null,
    };
  });
  if (json) {
    sayJson(rows);
    return;
  }
  const longest = Math.max(...rows.map(({ arch }) => arch.length));
  for (const { name, arch, bytes, resize, sha256, file, package: fromNpm } of rows) {
    const missing = `not downloaded${fromNpm === null ? '' : `; npm has it: npm install ${fromNpm}`}`;
    say(
      `${name}  ${arch.padEnd(longest)}  ${shownBytes(bytes).padStart(8)}  resize ${resize}  ${file ?? missing}${partly(sha256)}`,
    );
  }
}

/** Says where only the beginning of a hash is known. */
function partly(sha256: string): string {
  return sha256.length < 64 ? `  (checked by ${sha256.length * 4} bits of SHA-256, all that is known)` : '';
}

async function fetchWeights(name: string, options: DownloadOptions, context: CommandContext): Promise<void> {
  const { locateWeights, NAMED_WEIGHTS } = await import('../weights/registry.js');
  const { createDownloadDisplay } = await import('./download-progress.js');
  const { arch } = options;
  const ofArch = NAMED_WEIGHTS.filter((weights) => weights.arch === arch);
  const entry = ofArch.find((weights) => weights.name === name);
  if (entry === undefined) rejectOption(oneOf(ofArch.map((weights) => weights.name)), '<name>', name);
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

const listCommand = defineCommand({
  command: 'weights list',
  describe: 'List the named weights, and the files of those that are downloaded or installed from npm',
  positionals: {},
  options: WEIGHTS_LIST_OPTIONS,
  json: 'print one line of JSON',
  examples: [['weights list', 'the names, the files that are there, and what npm has']],
  run: (given, { json }) => list(resolveOptions(WEIGHTS_LIST_OPTIONS, given, 'weights list'), json),
});

const downloadCommand = defineCommand({
  command: 'weights download <name>',
  describe: 'Download named weights if they are missing, and print their file',
  positionals: { name: 'imagenet-v1 or imagenet-v2' },
  needs: 'the weights: imagenet-v1 or imagenet-v2',
  options: WEIGHTS_DOWNLOAD_OPTIONS,
  json: 'print one line of JSON',
  quiet: 'print only the file',
  examples: [['weights download imagenet-v1 --arch resnet18', 'for a later run without network']],
  run: (given, context) => {
    const options = resolveOptions(WEIGHTS_DOWNLOAD_OPTIONS, given, 'weights download');
    return fetchWeights(requireText('a name', '<name>', context.positionals['name']), options, context);
  },
});

/** `resnet-ft weights <action>` */
export const weightsCommand = defineGroup('weights', 'List the named weights, or download some of them', [
  listCommand,
  downloadCommand,
]);
