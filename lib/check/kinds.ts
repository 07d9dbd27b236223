/**
 * How much a finding matters. `error`: training stops because of it, or its figures are wrong; `warning`: the model may be worse for it;
 * `note`: good to know.
 */
export type Severity = 'error' | 'warning' | 'note';

interface Kind {
  severity: Severity;
  /** What the table calls it. */
  title: string;
  /** The same of a single one, where that is another word. */
  one?: string;
  /** Why it matters and what to do, for the page: sentences. */
  why: string;
}

/** Everything that is looked for, in the order in which it is told; docs/check.md says more of each. */
export const KINDS = {
  'unreadable-folder': {
    severity: 'error',
    title: 'folders that cannot be read',
    one: 'folder that cannot be read',
    why: 'Training stops at a folder that cannot be listed. Give yourself the right to read it.',
  },
  'link-loop': {
    severity: 'error',
    title: 'links that lead back',
    one: 'link that leads back',
    why: 'A link into a folder above itself has no end: training stops there. Remove the link.',
  },
  'no-classes': {
    severity: 'error',
    title: 'folders without classes',
    one: 'folder without classes',
    why: 'Every sub-folder is a class, and training stops where there is none.',
  },
  unreadable: {
    severity: 'error',
    title: 'unreadable images',
    one: 'unreadable image',
    why: 'Training stops where an image cannot be read, unless --skip-unreadable is given.',
  },
  'missing-class': {
    severity: 'error',
    title: 'classes missing in a split',
    one: 'class missing in a split',
    why: 'Training stops where training and validation images have not the same classes.',
  },
  'empty-class': {
    severity: 'error',
    title: 'classes without images',
    one: 'class without images',
    why: 'Every folder beside those of the classes is a class too, and training stops where one has no image.',
  },
  leak: {
    severity: 'error',
    title: 'leaks between splits',
    one: 'leak between splits',
    why: 'An image that is both trained on and validated with is known by heart: the figures of validation are too good.',
  },
  'label-conflict': {
    severity: 'error',
    title: 'the same image in two classes',
    why: 'One of the labels is wrong, and training is told both.',
  },
  'near-leak': {
    severity: 'warning',
    title: 'look-alikes across splits',
    one: 'group of look-alikes across splits',
    why: 'Much the same picture in two splits makes the figures of validation too good. Look at each: some are different photographs.',
  },
  'near-conflict': {
    severity: 'warning',
    title: 'look-alikes in two classes',
    one: 'group of look-alikes in two classes',
    why: 'Much the same picture has two labels, of which one may be wrong.',
  },
  'wrong-label': {
    severity: 'warning',
    title: 'probable wrong labels',
    one: 'probable wrong label',
    why: 'A classifier that has not seen the image is surer of another class than it usually is of that class itself. Look at each.',
  },
  suspicious: {
    severity: 'warning',
    title: 'images decoded with warnings',
    one: 'image decoded with warnings',
    why: 'The decoder met damage and went on: a part of the picture may be missing or grey.',
  },
  blank: {
    severity: 'warning',
    title: 'images of one colour',
    one: 'image of one colour',
    why: 'There is nothing to learn from: often the place-holder of a picture that was not there.',
  },
  duplicate: {
    severity: 'warning',
    title: 'duplicates',
    one: 'duplicate',
    why: 'An image that is there twice counts twice.',
  },
  'near-duplicate': {
    severity: 'warning',
    title: 'look-alikes',
    one: 'group of look-alikes',
    why: 'Much the same picture, in another size or quality, or a series of photographs: it counts several times.',
  },
  'broken-link': {
    severity: 'warning',
    title: 'links that lead nowhere',
    one: 'link that leads nowhere',
    why: 'Training passes over them without a word: where one stands for a class, that class is missing.',
  },
  'one-class': {
    severity: 'warning',
    title: 'only one class',
    why: 'A network that knows one class says it of everything, and is always right. Often the folder is one too high up.',
  },
  'split-class': {
    severity: 'warning',
    title: 'classes named like splits',
    why: 'The network learns to tell training images from validation images, which is seldom what is wanted: the folder is one too high up.',
  },
  'nested-class': {
    severity: 'warning',
    title: 'classes made of several folders',
    one: 'class made of several folders',
    why: 'Every image below the folder of a class is of that class. If the folders within are the classes, move them up.',
  },
  'alike-classes': {
    severity: 'warning',
    title: 'classes named alike',
    one: 'group of classes named alike',
    why: 'Names that differ in case, spaces or signs alone are different classes to the network, and probably one to you.',
  },
  'hidden-class': {
    severity: 'warning',
    title: 'hidden folders that are classes',
    one: 'hidden folder that is a class',
    why: 'A folder whose name begins with a dot is a class like any other, as with torchvision. A NAS and other programs make such folders by themselves.',
  },
  'hidden-image': {
    severity: 'warning',
    title: 'hidden images',
    one: 'hidden image',
    why: 'They are trained on although a file manager does not show them.',
  },
  'few-images': {
    severity: 'warning',
    title: 'classes with few images',
    one: 'class with few images',
    why: 'There are too few images to learn the class from, or to measure how well it is recognised: with four validation images, a single one is a quarter of the result.',
  },
  imbalance: {
    severity: 'warning',
    title: 'uneven classes',
    why: 'The network learns to guess the large class. See --sampling balanced and --class-weights of train.',
  },
  'not-used': {
    severity: 'note',
    title: 'files that are passed over',
    one: 'file that is passed over',
    why: 'Files whose names do not end as those of images, and files that lie beside the class folders, are not trained on.',
  },
  'wrong-extension': {
    severity: 'note',
    title: 'wrong extensions',
    one: 'wrong extension',
    why: 'This program goes by the content; others go by the name and fail.',
  },
  'exif-rotated': {
    severity: 'note',
    title: 'turned by EXIF',
    why: 'Viewers turn these photographs; training does so with --exif-rotate only, and else sees them as they are stored.',
  },
  small: {
    severity: 'note',
    title: 'small images',
    one: 'small image',
    why: 'They are enlarged to the size that the network sees, and hold less detail than the others.',
  },
  'extreme-shape': {
    severity: 'note',
    title: 'long or tall images',
    one: 'long or tall image',
    why: 'The square in the middle, which is what the network sees, holds less than a third of them. See --fit pad of train.',
  },
} as const satisfies Record<string, Kind>;

/**
 * The name of something that `check` finds.
 *
 * @useDeclaredType
 */
export type FindingKind = keyof typeof KINDS;

/** What so many of a kind are called, after their number. */
export function titleOf(kind: FindingKind, count: number): string {
  const { title, one }: Kind = KINDS[kind];
  return count === 1 && one !== undefined ? one : title;
}

/** All kinds, in the order in which they are told. */
export const KIND_NAMES = Object.keys(KINDS) as FindingKind[];
