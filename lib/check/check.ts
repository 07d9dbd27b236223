import path from 'node:path';
import { readAll } from '../data/read-all';
import type { DownloadControl } from '../download/types';
import { ResnetFtError, throwIfAborted } from '../errors';
import { checkOutputFile } from '../files/output-file';
import { pauses } from '../machine/pauses';
import type { OpenedModel } from '../model/open';
import {
  controlled,
  PREPROCESSING,
  resolveCheckOptions,
  type CheckOptions,
  type ResolvedCheckOptions,
} from '../options';
import { placesOf, rolesOf, type Role } from './aliases';
import { classFindings, hiddenImage, type BesideImages } from './classes';
import { duplicateFindings, samePixels, type Decoded } from './duplicates';
import { FreeNames } from './free-names';
import { imageFindings, type Around, type Seen } from './images';
import { judgeByModel } from './judge';
import { KIND_NAMES, type FindingKind, type Severity } from './kinds';
import { lookAlikes } from './look-alikes';
import { layoutOf } from './layout';
import { notUsed, unusedFolders } from './not-used';
import { nestedClasses, splitClasses } from './odd-folders';
import { oneClass } from './one-class';
import { Paths } from './paths';
import type { CheckControl, CheckEvent, CheckReport, Finding, SplitReport } from './types';
import { CHECK_STOPPED, walk, type Walked } from './walk';

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/** How a check is stopped and tells what happens. */
interface Run {
  options: ResolvedCheckOptions;
  signal: AbortSignal;
  emit: (event: CheckEvent) => void;
}

/**
 * Looks through a data set for what would stop a training, make its figures wrong or its model worse. Changes nothing.
 *
 * @throws ResnetFtError INVALID_OPTION, DATA_NOT_FOUND, DATA_INVALID where the folder itself can't be listed, OUTPUT_NOT_WRITABLE, ABORTED, and
 *   what opening a model throws
 */
export async function checkData(input: CheckOptions, control: CheckControl = {}): Promise<CheckReport> {
  const options = resolveCheckOptions(input);
  return controlled(control, (heard) => check(options, heard));
}

async function check(options: ResolvedCheckOptions, control: CheckControl): Promise<CheckReport> {
  const started = performance.now();
  const signal = control.signal ?? new AbortController().signal;
  const emit = control.onEvent ?? ((): void => {});
  const run = { options, signal, emit };
  throwIfAborted(signal, CHECK_STOPPED);
  const page = options.html === undefined ? undefined : path.resolve(options.html);
  if (page !== undefined) await checkOutputFile(page, '--html');

  const download: DownloadControl = { signal, onProgress: (event) => emit({ kind: 'download', event }) };
  const { resolveDataFolder } = await import('../data/hymenoptera.js');
  const otherwise = `name a folder of your own instead of ${options.data}`;
  const { offline } = options;
  const data = path.resolve(await resolveDataFolder(options.data, { ...download, offline, otherwise }));
  const { splits: folders, others } = await layoutOf(
    data,
    options.val === undefined ? undefined : path.resolve(options.val),
  );
  // Before hours of decoding: whether there is such a model.
  const model = options.model === undefined ? undefined : await opened(options.model, options, download);

  const names = new FreeNames();
  const walked = await walk(folders, data, signal);
  const splits = reportsOf(walked);
  const { decoded, seen } = await readImages(walked, splits, run);
  const paths = await Paths.of(walked, signal);
  const passedOver = await notUsed(walked.passedOver, names, paths);
  const findings = ownFindings(walked, seen, splits, {
    imageSize: options.imageSize ?? model?.preprocessing.crop ?? PREPROCESSING.crop,
    names,
    paths,
    roles: await rolesOfUnreadable(walked, seen, paths),
  });
  const pause = pauses(signal, CHECK_STOPPED);
  const same = samePixels(decoded);
  const alike = await lookAlikes(decoded, same, pause);
  const judged = await judgeByModel({ ...run, model, pause }, decoded, same, folderOf(splits));
  const all = [
    ...walked.findings,
    ...passedOver,
    ...unusedFolders(others),
    ...oddFolders(walked, splits, options.data),
    ...classFindings(splits, besideImages(walked.findings, passedOver, paths)),
    ...findings,
    ...(await duplicateFindings(decoded, same, alike, judged.pairs, paths)),
    ...judged.findings,
  ];
  const report: CheckReport = {
    data,
    splits,
    findings: sorted(all),
    counts: countsOf(all),
    skipped: judged.skipped,
    judgedBy: judged.judgedBy,
    decoded: decoded.length,
    seconds: 0,
    html: page ?? null,
  };
  if (page !== undefined) {
    const { writePage } = await import('./page.js');
    await writePage(page, report, { signal, emit });
  }
  return { ...report, seconds: Math.round(performance.now() - started) / 1000 };
}

async function opened(source: string, options: ResolvedCheckOptions, download: DownloadControl): Promise<OpenedModel> {
  const { openEmbedder } = await import('./embed.js');
  return openEmbedder(source, options, download);
}

/** That the folders of what is trained on are hardly the classes that were meant. */
function oddFolders({ images }: Walked, splits: readonly SplitReport[], data: string): Finding[] {
  const training = splits.findIndex(({ name }) => name === 'train' || name === 'all');
  const split = splits[training];
  if (split === undefined) return [];
  const own = images.filter((image) => image.split === training);
  const named = split.name === 'all' ? data : undefined;
  const files = split.classes.map((): string[] => []);
  for (const { file, target } of own) files[target]?.push(file);
  return [...oneClass(split, files.flat(), named), ...splitClasses(split, named), ...nestedClasses(split, files)];
}

function besideImages(findings: readonly Finding[], passedOver: readonly Finding[], paths: Paths): BesideImages {
  // What could not be walked through, and what was passed over.
  const unlisted = findings.filter(({ kind }) => kind === 'unreadable-folder' || kind === 'link-loop');
  const of = (some: readonly Finding[]): string[] => some.flatMap(({ files }) => files);
  return { unlisted: of(unlisted), notUsed: of(passedOver), linked: paths.linkedFolders() };
}

function reportsOf({ splits, images }: Walked): SplitReport[] {
  const counts = splits.map(({ classes }) => new Uint32Array(classes.length));
  for (const { split, target } of images) {
    const own = counts[split];
    if (own !== undefined) own[target] = (own[target] ?? 0) + 1;
  }
  return splits.map(({ name, folder, classes }, split) => {
    const own = classes.map((one, i) => ({ name: one, images: counts[split]?.[i] ?? 0 }));
    return { name, folder, images: own.reduce((sum, one) => sum + one.images, 0), classes: own };
  });
}

const folderOf =
  (splits: readonly SplitReport[]) =>
  (split: string): string =>
    splits.find(({ name }) => name === split)?.folder ?? '';

/** Reads every image once, as many at the same time as there are processors. */
async function readImages(
  { images }: Walked,
  splits: readonly SplitReport[],
  { signal, emit }: Run,
): Promise<{ decoded: Decoded[]; seen: (Seen | undefined)[] }> {
  const { inspect } = await import('./inspect.js');
  const decoded: (Decoded | undefined)[] = new Array<undefined>(images.length);
  const seen: (Seen | undefined)[] = new Array<undefined>(images.length);
  const onProgress = (done: number, total: number): void => emit({ kind: 'progress', stage: 'read', done, total });
  try {
    await readAll(images, { signal, onProgress }, async ({ file, split, target }, i) => {
      const { pixels, look, ...rest } = await inspect(file);
      seen[i] = rest;
      if (pixels === undefined || look === undefined) return;
      const { name, classes } = splits[split] as SplitReport;
      decoded[i] = { file, split: name, className: classes[target]?.name ?? '', inspected: { ...rest, pixels, look } };
    });
  } catch (error) {
    if (error instanceof ResnetFtError && error.code === 'ABORTED') throwIfAborted(signal, CHECK_STOPPED);
    throw error;
  }
  return { decoded: decoded.filter((one) => one !== undefined), seen };
}

/** How the images that can't be decoded stand to each other: the decoder has the same to say of all paths to a file. */
async function rolesOfUnreadable(
  { images }: Walked,
  seen: readonly (Seen | undefined)[],
  paths: Paths,
): Promise<Map<string, Role>> {
  const files = images.filter((_, i) => seen[i]?.unreadable !== undefined).map(({ file }) => file);
  const roles = rolesOf(files, await placesOf(files, paths));
  return new Map(files.map((file, i) => [file, roles[i] ?? 'target']));
}

/** What is to be said of each image by itself, in the order of the folders, whichever was read first. */
function ownFindings(
  { images }: Walked,
  seen: readonly (Seen | undefined)[],
  splits: readonly SplitReport[],
  around: Around,
): Finding[] {
  return images.flatMap(({ file, split, target }, i) => {
    const { folder, classes } = splits[split] as SplitReport;
    const inspected = seen[i];
    return [
      ...(inspected === undefined ? [] : imageFindings(file, inspected, around)),
      ...hiddenImage(file, path.join(folder, classes[target]?.name ?? '')),
    ];
  });
}

function countsOf(findings: readonly Finding[]): Partial<Record<FindingKind, number>> {
  const counts: Partial<Record<FindingKind, number>> = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** By severity, then by kind; within one, as they were found, which is in the order of the folders, or the surest first. */
function sorted(findings: readonly Finding[]): Finding[] {
  const rank = ({ severity, kind }: Finding): number => 100 * SEVERITIES.indexOf(severity) + KIND_NAMES.indexOf(kind);
  return findings.toSorted((a, b) => rank(a) - rank(b));
}
