import { counted } from '../text/count';
import { percent } from '../text/percent';
import { FEW, warningsOf } from '../report/warnings';
import type { CardFacts } from './card';
import { markdownText } from './escape';
import type { CardFigures } from './figures';

/** What can be said of a model's limits by what is known of it; what only its author knows is said elsewhere. */
export function limitations(facts: CardFacts, figures: CardFigures | undefined): string {
  const { model, run } = facts;
  const points = [answers(facts), probabilities(model.temperature)];
  if (figures === undefined) {
    points.push('How well it does is not known here: there are no figures of validation images beside it.');
  } else {
    const { low, high } = figures.interval;
    points.push(
      `${counted(figures.images, 'validation image')} ${figures.images === 1 ? 'tells' : 'tell'} the accuracy only to between ${percent(low)} and ${percent(high)}, and only of images like these: other cameras, places or times were not tested.`,
    );
    const epochs = run?.epochs.length ?? 0;
    if (run?.config.options.keep === 'best' && epochs > 1) {
      points.push(
        `The best of ${epochs} epochs was chosen by the same images, so accuracy on new images will probably be a little lower.`,
      );
    }
    points.push(...weakClass(figures));
  }
  if (run !== undefined) points.push(...warningsOf(run).map(markdownText));
  return points.map((point) => `- ${point}`).join('\n');
}

function answers({ model: { classes, unknown }, beside }: CardFacts): string {
  const always = `always answers with one of its ${counted(classes.length, 'class', 'classes')}, even for an image that shows none of them`;
  if (unknown === undefined) return `It ${always}.`;
  const others = beside === 'run' ? 'PyTorch or transformers.js' : 'transformers.js';
  return `With resnet-ft it says "none of these" of images that look unlike those of its classes, by limits that keep ${percent(unknown.keep)} of the validation images: many an image that shows none of them may still be taken for one. With ${others} it ${always}.`;
}

function probabilities(temperature: number | undefined): string {
  if (temperature === undefined) {
    return 'Its probabilities are not calibrated: of what it is 90 % sure of, it may be wrong more or less often than one time in ten.';
  }
  return `Its probabilities are calibrated by one temperature, ${temperature.toFixed(3)}, fitted on its validation images: of images unlike those they say less, and of a single class they may be off.`;
}

/** The class that is recognised least, of those with enough images to say so. */
function weakClass({ perClass = [] }: CardFigures): string[] {
  const [least] = perClass
    .filter(({ support, recall }) => support >= FEW && recall !== null)
    .sort((a, b) => (a.recall ?? 0) - (b.recall ?? 0));
  if (least === undefined || least.recall === 1) return [];
  return [
    `Of class ${markdownText(least.name)} it recognises the least: ${least.correct} of ${counted(least.support, 'image')}.`,
  ];
}
