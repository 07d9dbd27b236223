import path from 'node:path';
import type { ResolvedTrainOptions } from '../options';
import { trainCommand } from '../report/commands';
import type { Run } from '../report/read-run';
import { countsOf } from '../report/warnings';
import { counted } from '../text/count';
import { codeLine, markdownText } from './escape';

/** How a run trained its model: recipe, versions, images. */
export function trainingText(run: Run): string {
  const { config, result, epochs, steps } = run;
  const { options, versions } = config;
  const train = countsOf(run).reduce((sum, one) => sum + one.train, 0);
  const done = result?.epochs ?? epochs.length;
  const stepCount = result?.steps ?? steps.at(-1)?.step ?? 0;
  const seconds = result?.seconds ?? epochs.reduce((sum, one) => sum + one.seconds, 0);
  const start =
    options.extend === undefined
      ? startText(options.weights)
      : 'The weights to start from were those of another model.';
  const on = `On ${markdownText(options.device)}, in ${markdownText(options.precision)}`;
  return [
    `${start} ${counted(train, 'training image')}, ${counted(done, 'epoch')}, ${counted(stepCount, 'optimizer step')}. ${on}, ${Math.round(seconds)} s.`,
    '',
    '```sh',
    codeLine(trainCommand(withoutFolders(options))),
    '```',
    '',
    `Versions: ${Object.entries(versions ?? {})
      .flatMap(([name, version]) => (version === undefined ? [] : [`${name} ${version}`]))
      .map(markdownText)
      .join(', ')}.`,
  ].join('\n');
}

function startText(weights: string): string {
  if (weights === 'none') return 'Trained from scratch.';
  if (weights.startsWith('imagenet-'))
    return `Fine-tuned from torchvision's weights of ImageNet (\`${weights === 'imagenet-v1' ? 'IMAGENET1K_V1' : 'IMAGENET1K_V2'}\`).`;
  return 'Fine-tuned from weights of a file.';
}

/** Where files lie on the machine that trained is nobody's business. */
function withoutFolders(options: ResolvedTrainOptions): ResolvedTrainOptions {
  const shown = Object.entries(options).map(([name, value]) => [
    name,
    typeof value === 'string' && path.isAbsolute(value) ? path.basename(value) : value,
  ]);
  return Object.fromEntries(shown) as ResolvedTrainOptions;
}
