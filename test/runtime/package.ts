import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, ROOT } from '../cli/run';
import type { Prediction } from '../../packages/runtime/src/api';

/** The images of the excerpt, all of them. */
export const IMAGES = ['train/ants', 'train/bees', 'val/ants', 'val/bees'].flatMap((of) =>
  fs
    .readdirSync(path.join(ANTS_BEES, of))
    .sort()
    .map((name) => path.join(ANTS_BEES, of, name)),
);

/** Bundles the package as it would be published. */
export function packRuntime(out: string, folder: boolean): string {
  const args = [path.join(ROOT, 'scripts', 'pack-runtime.js'), '--out', out, ...(folder ? ['--folder'] : [])];
  return execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }).trim();
}

/** A project that has the package, and of the others those that are named, from here. */
export function makeProject(folder: string, others = ['onnxruntime-node', 'onnxruntime-web', 'sharp']): string {
  const modules = path.join(folder, 'node_modules');
  fs.mkdirSync(path.join(modules, '@resnet-ft'), { recursive: true });
  packRuntime(path.join(modules, '@resnet-ft', 'runtime'), true);
  for (const name of others) fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  return folder;
}

/** What the package says of a model and images. */
export interface Answer {
  classes: string[];
  arch: string;
  temperature?: number;
  predictions: Prediction[];
  /** Base64. */
  crops: string[];
  error?: { name: string; code: string; message: string; hint?: string };
}

export interface Question {
  model: string;
  images?: string[];
  topK?: unknown;
  crops?: boolean;
  bytes?: boolean;
  web?: boolean;
}

export function ask(project: string, question: Question): Promise<Answer> {
  return runScript('ask.js', [project], question);
}

/** What a call comes to. */
export interface Called {
  value?: unknown;
  error?: { known: boolean; code: string; message: string };
}

/** Calls the package with a model; each call is an expression, of what calls.js names. */
export function callAll(project: string, model: string, calls: readonly string[]): Promise<Called[]> {
  return runScript('calls.js', [project, model], calls);
}

function runScript<T>(name: string, given: string[], input: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 2 ** 28 };
    const args = [path.join(__dirname, name), ...given];
    const child = execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (error === null && stderr === '') resolve(JSON.parse(stdout) as T);
      else reject(error ?? new Error(stderr));
    });
    child.stdin?.end(JSON.stringify(input));
  });
}

/** The crops that the main package makes of images, in base64. */
export function cropsOf(preprocessing: object, files: readonly string[]): string[] {
  const args = [path.join(__dirname, 'crops.js'), JSON.stringify(preprocessing), ...files];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })) as string[];
}
