import path from 'node:path';
import type { CardFacts } from './card';
import { yamlText } from './escape';
import type { CardFigures } from './figures';
import { authorYaml } from './sections';

// https://huggingface.co/docs/hub/model-cards and hub-docs/modelcard.md: where there is a model-index, the Hub checks it, and the license.

const AUTHOR = `# The license under which the model is published: https://huggingface.co/docs/hub/repositories-licenses
license: unknown
# The data sets that it was trained on, by their names on the Hub:
# datasets:
#   - name/of-data-set`;

/** The metadata of a model card: YAML between its lines of dashes. */
export function frontMatter({ name, beside, run }: CardFacts, figures: CardFigures | undefined): string {
  const tags = ['image-classification', 'resnet', 'resnet-ft', ...(beside === 'onnx' ? ['onnx'] : [])];
  const lines = [
    '---',
    authorYaml('metadata', AUTHOR),
    `library_name: ${beside === 'onnx' ? 'transformers.js' : 'resnet-ft'}`,
    'pipeline_tag: image-classification',
    'tags:',
    ...tags.map((tag) => `  - ${tag}`),
  ];
  if (figures !== undefined && run !== undefined) lines.push(...modelIndex(name, run.config.options.data, figures));
  return [...lines, '---'].join('\n');
}

/** Figures as the Hub shows them; `imagefolder` is what it calls a folder of images with one folder for each class. */
function modelIndex(name: string, data: string, { accuracy, macroF1 }: CardFigures): string[] {
  const metric = (type: string, value: number, label: string): string[] => [
    `          - type: ${type}`,
    `            value: ${rounded(value)}`,
    `            name: ${label}`,
  ];
  return [
    'metrics:',
    '  - accuracy',
    ...(macroF1 === undefined ? [] : ['  - f1']),
    'model-index:',
    `  - name: ${yamlText(name)}`,
    '    results:',
    '      - task:',
    '          type: image-classification',
    '          name: Image Classification',
    '        dataset:',
    '          type: imagefolder',
    `          name: ${yamlText(path.basename(data))}`,
    '          split: validation',
    '        metrics:',
    ...metric('accuracy', accuracy, 'Accuracy'),
    ...(macroF1 === undefined ? [] : metric('f1', macroF1, 'Macro F1')),
  ];
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
