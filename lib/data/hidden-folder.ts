/** Folders that programs make unasked, hidden or not. */
const UNASKED = new Set([
  '.ipynb_checkpoints',
  '.thumbnails',
  '.git',
  '__macosx',
  '@eadir',
  '$recycle.bin',
  'lost+found',
]);

/** Whether a folder is hidden, or one that programs make unasked: seldom meant as a class, and nobody's to remove. */
export const isHiddenFolder = (name: string): boolean => name.startsWith('.') || UNASKED.has(name.toLowerCase());

/** What such a folder is, and what to do with it. */
export function whatIsHidden(name: string): string {
  const what = UNASKED.has(name.toLowerCase())
    ? 'a folder that a NAS or another program makes by itself'
    : 'a hidden folder';
  return `${what}, not a class: move it out`;
}
