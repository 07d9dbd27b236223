import fs from 'node:fs';
import path from 'node:path';
import { installFor, installHint } from '../../lib/backend/install-command';
import { scratch } from '../cli/run';

const tmp = scratch();

/** A folder, with a package.json where it is a project. */
function folder(name: string, project: boolean): string {
  const made = path.join(tmp, name);
  fs.mkdirSync(made, { recursive: true });
  if (project) fs.writeFileSync(path.join(made, 'package.json'), '{}');
  return made;
}

const project = folder('project', true);
const below = folder(path.join('project', 'src'), false);
const beside = folder('project-2', true);
const npxCache = folder('an npx cache', true);
const global = folder('lib', false);
const installed = (owner: string, ...between: string[]): string =>
  path.join(owner, 'node_modules', ...between, 'resnet-ft');
const pnpm = ['.pnpm', 'resnet-ft@1.0.0', 'node_modules'];

// Packages of the working directory's project are seen only from below it.
test.each([
  ['in the project', installed(project), project, 'npm install'],
  ['below the project', installed(project), below, 'npm install'],
  ["in pnpm's layout", installed(project, ...pnpm), project, 'npm install'],
  ['in another project', installed(project), beside, `npm install --prefix ${project}`],
  ['with a working directory that is gone', installed(project), undefined, `npm install --prefix ${project}`],
  ['started by npx', installed(npxCache), project, `npm install --prefix '${npxCache}'`],
  ['installed globally', installed(global), project, 'npm install --global'],
  ['below a global package', installed(global, 'other', 'node_modules'), project, 'npm install --global'],
  ['in a checkout', project, below, 'npm install'],
  ['linked from a checkout', project, beside, `npm install --prefix ${project}`],
])('what npm is to be told: %s', (_, root, working, expected) => {
  expect(installFor(root, working)).toBe(expected);
  const dev = expected.includes('--global') ? expected : expected.replace('install', 'install --save-dev');
  expect(installFor(root, working, true)).toBe(dev);
});

test('the hint names the packages', () => {
  expect(installHint(['one', 'two'], true)).toMatch(/^Run: npm install --save-dev (--prefix \S+ )?one two$/);
});
