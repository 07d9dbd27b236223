import fs from 'node:fs';
import path from 'node:path';
import { ResnetFtError } from '../errors';

/** The package's folder, from dist as from lib. */
export function packageRoot(): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    try {
      const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as { name?: string };
      if (manifest.name === 'resnet-ft') return folder;
    } catch {
      // No package.json here, or not one of ours: go on upwards.
    }
    if (path.dirname(folder) === folder) {
      throw new ResnetFtError('ADDON_NOT_LOADED', `no package.json of resnet-ft above ${__dirname}`);
    }
  }
}
