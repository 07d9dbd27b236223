import { packageVersion } from '../machine/version';
import type { ModelCard } from '../model/describe';
import { architectureName } from '../options';
import type { Run } from '../report/read-run';
import { countsOf } from '../report/warnings';
import { counted } from '../text/count';
import { lossText } from '../text/loss';
import { percent } from '../text/percent';
import { markdownText } from './escape';
import { figuresOf, type CardFigures } from './figures';
import { frontMatter } from './front-matter';
import { limitations } from './limitations';
import { preprocessingText } from './preprocessing';
import { authorSection } from './sections';
import { trainingText } from './training';
import { usage } from './usage';

/** What a model card tells of a model. */
export interface CardFacts {
  /** Of the folder. */
  name: string;
  model: ModelCard;
  /** What lies beside the card: a run's folder has `model.safetensors`, an exported one `onnx/model.onnx`. */
  beside: 'run' | 'onnx';
  /** The run that made the model; undefined where it is not known. */
  run: Run | undefined;
}

const INTENDED =
  'To be written by the author: for whom and for what this model is meant, for what it must not be used, and what follows where it is wrong.';
const IMAGES =
  'To be written by the author: where the images come from and under which license, who gave them their classes, and whom or what they leave out.';

/** The text of a model card in Hugging Face's format, before its seal. */
export function cardText(facts: CardFacts): string {
  const figures = facts.run === undefined ? undefined : figuresOf(facts.run);
  const parts = [
    frontMatter(facts, figures),
    `# ${markdownText(facts.name)}`,
    introduction(facts),
    '## Intended use',
    authorSection('intended-use', INTENDED),
    ...(figures === undefined ? [] : ['## Results', resultsText(figures)]),
    '## Classes',
    classTable(facts, figures),
    '## Images',
    authorSection('images', IMAGES),
    '## Preprocessing',
    preprocessingText(facts.model.preprocessing),
    ...(facts.run === undefined ? [] : ['## How it was trained', trainingText(facts.run)]),
    '## How to use it',
    usage(facts),
    '## Limitations',
    limitations(facts, figures),
  ];
  return `${parts.join('\n\n')}\n\n`;
}

function introduction({ model, run }: CardFacts): string {
  const what = `A ${architectureName(model.arch)} (torchvision's \`${model.arch}\`) that tells ${counted(model.classes.length, 'class', 'classes')} of images apart`;
  if (run === undefined) return `${what}, written by resnet-ft ${packageVersion()}.`;
  const version = run.config.versions?.['resnet-ft'] ?? '';
  return `${what}, trained with resnet-ft ${markdownText(version)}.`.replace(/ \./, '.');
}

function resultsText(figures: CardFigures): string {
  const { images, correct, accuracy, interval, loss, macroF1, epoch, finished } = figures;
  const rows = [
    ['Accuracy (top-1)', `${percent(accuracy)} (${correct} of ${images}; 95 % interval ${range(interval)})`],
    ['Loss (cross-entropy)', lossText(loss)],
    ...(macroF1 === undefined ? [] : [['Macro F1', macroF1.toFixed(4)]]),
  ];
  const about = finished ? '' : ' The training did not finish: these are its figures so far.';
  return [
    `Of ${counted(images, 'validation image')}, with the weights of epoch ${epoch}.${about}`,
    '',
    '| | |',
    '| --- | --- |',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
  ].join('\n');
}

const range = ({ low, high }: { low: number; high: number }): string => `${(low * 100).toFixed(1)} to ${percent(high)}`;

/** The number of each class is that of its output. */
function classTable({ model, run }: CardFacts, figures: CardFigures | undefined): string {
  const counts = run === undefined ? undefined : countsOf(run);
  const share = (value: number | null | undefined): string => (typeof value === 'number' ? percent(value) : '–');
  const head = ['Output', 'Class'];
  if (counts !== undefined) head.push('Training images', 'Validation images');
  if (figures?.perClass !== undefined) head.push('Precision', 'Recall', 'F1');
  const rows = model.classes.map((name, i) => {
    const row = [String(i), markdownText(name)];
    if (counts !== undefined) row.push(String(counts[i]?.train ?? '–'), String(counts[i]?.val ?? '–'));
    const own = figures?.perClass?.[i];
    if (figures?.perClass !== undefined) row.push(share(own?.precision), share(own?.recall), share(own?.f1));
    return row;
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 1 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
