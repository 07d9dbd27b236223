import fs from 'node:fs';
import path from 'node:path';
import { currentFolder } from '../files/current-folder';
import { packageRoot } from '../machine/root';
import { shellWord } from '../text/shell';

/** Whose packages a package finds: those of the first folder on its path that has a node_modules in which it lies. */
function ownerOf(root: string): string {
  const [before = root] = root.split(`${path.sep}node_modules${path.sep}`, 1);
  return before || path.sep;
}

function isBelow(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  return way.split(path.sep)[0] !== '..' && !path.isAbsolute(way);
}

/**
 * How npm puts packages where those in a package's folder find them: what is installed into the project in the working directory is not seen
 * from a global installation, nor from the folder that npx fills.
 *
 * @param root of the package that needs them
 * @param working the working directory, if there is one
 */
export function installFor(root: string, working: string | undefined, dev = false): string {
  const owner = ownerOf(root);
  const npm = `npm install${dev ? ' --save-dev' : ''}`;
  // npm keeps global packages in a folder that is no project.
  if (!fs.existsSync(path.join(owner, 'package.json'))) return 'npm install --global';
  return working !== undefined && isBelow(working, owner) ? npm : `${npm} --prefix ${shellWord(owner)}`;
}

/**
 * The hint that installs packages which this package needs and comes without.
 *
 * @param dev whether only development needs them
 */
export function installHint(packages: readonly string[], dev = false): string {
  return `Run: ${installForUs(dev)} ${packages.join(' ')}`;
}

function installForUs(dev: boolean): string {
  try {
    return installFor(packageRoot(), currentFolder(), dev);
  } catch {
    // Bundled into a program, which has them then too.
    return 'npm install';
  }
}
