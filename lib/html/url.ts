import path from 'node:path';

/** An address that a page may have. Made by the functions of this file, none of which gives one with a scheme that runs anything. */
export class Url {
  private constructor(readonly text: string) {}

  /** For the functions of this file. */
  static of(text: string): Url {
    return new Url(text);
  }
}

/** A picture within the page. */
export const imageUrl = (type: 'png' | 'jpeg' | 'webp', bytes: Uint8Array): Url =>
  Url.of(`data:image/${type};base64,${Buffer.from(bytes).toString('base64')}`);

/** An element of the page, by its `id`. */
export const elementUrl = (id: string): Url => Url.of(`#${encodeURIComponent(id)}`);

/** A file by its path from the page's folder: each of its names is encoded, so that it is a path whatever they are. */
export function fileUrl(folder: string, file: string): Url {
  const relative = path.relative(path.resolve(folder), path.resolve(file));
  const names = relative.split(path.sep).map((name) => encodeURIComponent(name));
  return Url.of(`./${names.join('/')}`);
}
