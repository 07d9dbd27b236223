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
