import path from 'node:path';

/** Bytes of a file's name at most, a little below what file systems have, for what is put before it while it is written. */
const LONGEST = 200;
/** Characters that some system does not have in names, and those that no person could type. */
// eslint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u001f\u007f-\u009f<>:"/\\|?*\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Names of pictures, `NAME.LAYER.CLASS.png`. Names of files and classes may hold anything: what does not fit into a file's name becomes `_`.
 * Another image of the same name gets a number.
 */
export class PictureNames {
  private readonly given = new Set<string>();

  /** @param image path of the image */
  next(image: string, layer: string, className: string): string {
    const name = path.basename(image, path.extname(image));
    const end = `.${layer}.${classPart(className)}`;
    const begin = cut(fit(name), LONGEST - Buffer.byteLength(end));
    for (let number = 1; ; number++) {
      const file = `${begin}${number === 1 ? '' : `-${number}`}${end}.png`;
      // Some file systems do not tell capitals from small letters, nor letters with an accent from a letter and its accent.
      const key = file.normalize('NFC').toLowerCase();
      if (this.given.has(key)) continue;
      this.given.add(key);
      return file;
    }
  }
}

/**
 * Tells which files may be pictures of a model, by names that end in `.LAYER.CLASS.png`, whenever they were made.
 *
 * @param layers those of the model that have a map
 * @param classes of the model
 */
export function pictureNamed(layers: readonly string[], classes: readonly string[]): (file: string) => boolean {
  const knownLayers = new Set(layers);
  const knownClasses = new Set(classes.map((name) => classPart(name).normalize('NFC')));
  return (file) => {
    if (!file.endsWith('.png')) return false;
    // Some file systems give names back in another form of Unicode.
    const name = file.slice(0, -'.png'.length).normalize('NFC');
    return splits(name).some(
      ([before, className]) =>
        knownClasses.has(className) && splits(before).some(([image, layer]) => image !== '' && knownLayers.has(layer)),
    );
  };
}

/** What stands before and after each dot: layers and classes have dots too. */
function splits(text: string): [string, string][] {
  const parts: [string, string][] = [];
  for (let at = text.indexOf('.'); at !== -1; at = text.indexOf('.', at + 1)) {
    parts.push([text.slice(0, at), text.slice(at + 1)]);
  }
  return parts;
}

const classPart = (className: string): string => cut(fit(className), 80);

/** A name that begins with a dot would be hidden. */
const fit = (name: string): string => name.replace(UNFIT, '_').replace(/^\./, '_').trim() || '_';

function cut(text: string, bytes: number): string {
  let end = '';
  for (const character of text) {
    if (Buffer.byteLength(end + character) > bytes) break;
    end += character;
  }
  return end;
}
