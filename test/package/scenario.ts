import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, ROOT, type Outcome } from '../cli/run';
import { PROGRAM, WORKERS } from './programs';
import type { Project } from './project';

const TRAIN = [
  ...['train', ANTS_BEES, '--arch', 'resnet18', '--weights', 'none'],
  ...['--epochs', '1', '--batch-size', '8', '--image-size', '64'],
];

/** Some image of the fixture. */
export const IMAGE = fs
  .readdirSync(path.join(ANTS_BEES, 'val', 'ants'))
  .map((name) => path.join(ANTS_BEES, 'val', 'ants', name))[0] as string;

/** Trains with `npx resnet-ft train` into a folder of the project. */
export function trainRun(project: Project, output = 'run', env: Record<string, string> = {}): Promise<Outcome> {
  return project.npx([...TRAIN, '--output', output, '--crop-cache', '0', '--backend', 'native', '--json'], env);
}

/** Compiles the TypeScript program strictly as an ES module and as CommonJS, the package's own types checked too. */
export function compile(project: Project): { esm: string; commonjs: string } {
  const sources = ['program.mts', 'program.cts'].map((name) => project.write(name, PROGRAM));
  const compiler = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const types = ['--types', 'node', '--typeRoots', path.join(ROOT, 'node_modules', '@types')];
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--skipLibCheck', 'false'];
  try {
    const args = [compiler, ...sources, '--module', 'node16', '--target', 'es2022', ...strict, ...types];
    execFileSync(process.execPath, args, { cwd: project.folder, encoding: 'utf8' });
  } catch (error) {
    throw new Error(`the program does not compile: ${(error as { stdout: string }).stdout}`, { cause: error });
  }
  const [esm, commonjs] = sources.map((file) => file.replace(/ts$/, 'js')) as [string, string];
  return { esm, commonjs };
}

/** Runs a compiled program on the model of {@link trainRun}; it trains too where `output` is named. */
export function runProgram(project: Project, file: string, output?: string): Promise<Outcome> {
  return project.node([file, ANTS_BEES, 'run', IMAGE, ...(output === undefined ? [] : [output])]);
}

/** Predicts in two worker threads at once with the model of {@link trainRun}. */
export function runWorkers(project: Project): Promise<Outcome> {
  return project.node([project.write('workers.cjs', WORKERS), 'run', IMAGE]);
}
