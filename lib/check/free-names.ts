import fs from 'node:fs';
import { withoutExtension } from './finding';

/** Names for files that are to be renamed or made: no file has them, and none is given twice within a check. */
export class FreeNames {
  private readonly given = new Set<string>();

  /** The name of this file with another extension, and a number where that is taken. */
  beside(file: string, extension: string): string {
    const base = withoutExtension(file);
    for (let number = 1; ; number++) {
      const name = number === 1 ? `${base}${extension}` : `${base}-${number}${extension}`;
      // A file system may not tell cases apart.
      const key = name.toLowerCase();
      if (this.given.has(key) || fs.existsSync(name)) continue;
      this.given.add(key);
      return name;
    }
  }
}
