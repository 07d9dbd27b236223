import { shellPath } from '../text/shell';
import { isHiddenFolder, whatIsHidden } from './hidden-folder';
import type { PassedOver } from './image-folder';
import { PICTURES } from './picture-kinds';

/** A class without an image, and what its folder holds instead. */
export interface EmptyClass {
  name: string;
  passedOver: PassedOver;
}

/**
 * What to do about classes without images: nobody should be told to remove a `.git`, or photographs of another format.
 *
 * @param base the folder of the classes
 * @param extensions those of images
 */
export function hintOfEmpty(base: string, empty: readonly EmptyClass[], extensions: readonly string[]): string {
  const hidden = empty.filter(({ name }) => isHiddenFolder(name)).map(({ name }) => name);
  const shown = empty.filter(({ name }) => !isHiddenFolder(name));
  const pictures = shown.flatMap(picturesOf);
  const parts: string[] = [];
  if (pictures.length > 0) {
    parts.push(
      `${pictures.join(', ')}: convert them to JPEG or PNG; npx resnet-ft check ${shellPath(base)} --commands prints commands for it`,
    );
  }
  if (pictures.length < shown.length || hidden.length > 0) {
    const others = pictures.length < shown.length ? '; remove those that are not classes' : '';
    parts.push(
      `${parts.length === 0 ? 'Every' : 'every'} sub-folder is a class and needs a file that ends in ${extensions.join(' ')}${others}`,
    );
  }
  return [...parts, ...hidden.map((name) => `${name} is ${whatIsHidden(name)}`)].join('; ');
}

/** That a class has nothing but pictures of one kind that is not read: `cats has only HEIC files (4), which can't be read`. */
function picturesOf({ name, passedOver }: EmptyClass): string[] {
  const kinds = new Set(Object.keys(passedOver).map((extension) => PICTURES[extension]));
  const [kind] = kinds;
  if (kinds.size !== 1 || kind === undefined) return [];
  const files = Object.values(passedOver).reduce((sum, count) => sum + count, 0);
  // Those with the name of a GIF are not looked for, as by torchvision, though they could be read.
  const why = kind === 'GIF' ? 'are not looked for' : "can't be read";
  return [`${name} has only ${kind} files (${files}), which ${why}`];
}
