import type { PassedOver } from './image-folder';

/** Sent if a data set holds files whose names are not those of images: how many, and how many of each kind (see {@link PassedOver}). */
export interface PassedOverEvent {
  /** Which event it is. */
  kind: 'passed-over';
  /** How many. */
  files: number;
  /** How many of each extension. */
  kinds: PassedOver;
}

/** Kinds that the line for a person names. */
const NAMED = 6;

/** The event; undefined where no file was passed over. */
export function passedOverEvent(kinds: PassedOver): PassedOverEvent | undefined {
  const files = Object.values(kinds).reduce((sum, count) => sum + count, 0);
  return files === 0 ? undefined : { kind: 'passed-over', files, kinds };
}

/** The event as a line for a person: `ignored 5 files whose names have no image extension: 3 .gif, 1 .heic, 1 with an unusual extension or none`. */
export function passedOverLine({ files, kinds }: PassedOverEvent): string {
  const sorted = Object.entries(kinds).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const named = sorted
    .slice(0, NAMED)
    .map(([kind, count]) => `${count} ${kind === 'other' ? 'with an unusual extension or none' : kind}`);
  const rest = sorted.slice(NAMED).reduce((sum, [, count]) => sum + count, 0);
  if (rest > 0) named.push(`${rest} other`);
  const what = files === 1 ? '1 file whose name has' : `${files} files whose names have`;
  return `ignored ${what} no image extension: ${named.join(', ')}`;
}
