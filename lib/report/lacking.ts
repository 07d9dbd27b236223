import { counted } from '../text/count';
import { shownName, type ReportContext } from './context';

/** What a page lacks of pictures, and why: nothing as a rule, or one sentence without its full stop. Known once its sections are made. */
export function withoutPicture({ run, thumbnails }: Pick<ReportContext, 'run' | 'thumbnails'>): string[] {
  const [first] = thumbnails.missing;
  if (first === undefined) return [];
  const [file, why] = first;
  const { size } = thumbnails.missing;
  const which = size === 1 ? 'has no picture,' : 'have no picture, such as';
  return [`${counted(size, 'image')} ${which} ${shownName(run, file)}: ${why}`];
}

/** What a page lacks of the maps of the evidence, likewise. */
export function withoutEvidence({ evidence }: Pick<ReportContext, 'evidence'>): string[] {
  const { of, missing } = evidence;
  if (missing === undefined) return [];
  const some = of.size === 0 ? '' : ` in ${counted(missing.images, 'image')}`;
  return [`The page does not show where the evidence for the predicted class lies${some}: ${missing.why}`];
}

/** All that a page lacks which was to be on it. */
export const lackingOf = (context: ReportContext): string[] => [
  ...withoutPicture(context),
  ...withoutEvidence(context),
];
