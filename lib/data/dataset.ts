import path from 'node:path';
import { ResnetFtError } from '../errors';
import { firstOf } from '../text/first-of';
import { rejectOption, rejectUse, type Fold } from '../options';
import { byTarget } from './by-target';
import { mulberry32, shuffled } from './draw';
import { hiddenDifferences, quotedBlanks } from './class-names';
import { drawFolds } from './folds';
import {
  addPassedOver,
  list,
  requireFolder,
  scanImageFolder,
  type ImageFolder,
  type PassedOver,
  type Sample,
} from './image-folder';
import { hintOfSplits, hintOfTraining, splitsAmong } from './split-names';
import { hasTrainingFolder, maybeClasses } from './training-folder';

/** Where the images are. */
export interface DatasetOptions {
  /** Folder that holds `train/` and `val/`, or, with `val` or `valSplit`, may be the folder of classes itself. */
  data: string;
  /** Folder of the validation images; instead of `data`/val. */
  val?: string;
  /** Share of every class that is set apart for validation, between 0 and 1. */
  valSplit?: number;
  /** The fold of the classes' images that is for validation; of a folder with `train/` those in there, and no others. */
  fold?: Fold;
  /** Seed of the split, or of the folds. */
  seed: number;
}

/** Images for training and for validation, with the same class indices. */
export interface Dataset {
  classes: string[];
  train: Sample[];
  val: Sample[];
  /** Absolute paths of the folders of classes that these are in. */
  roots: string[];
  /** Files of both splits whose names are not those of images. */
  passedOver: PassedOver;
  /** A folder of validation images that stands beside those the folds are of, or some are set aside of, and is not used. */
  leftOut?: string;
  /** Names of folders beside `train/`, which may have been meant as classes where validation images are not in `val/`. */
  beside?: string[];
}

/**
 * Finds the images for training and validation.
 *
 * @throws ResnetFtError `DATA_NOT_FOUND` where a folder is missing, `DATA_INVALID` where its content does not fit
 */
export async function openDataset(options: DatasetOptions): Promise<Dataset> {
  const data = path.resolve(options.data);
  if (options.val !== undefined && options.valSplit !== undefined) {
    rejectUse("--val-split can't be used with --val");
  }
  const { fold } = options;
  await requireFolder(data);
  const { folders, files } = await list(data);
  if (folders.length === 0 && files.length === 0) {
    throw new ResnetFtError('DATA_INVALID', `${data}: the folder is empty`, {
      hint: 'It must hold train/ and val/, each with one sub-folder per class',
    });
  }
  const hasTrain = await hasTrainingFolder(data, folders);
  const splits = splitsAmong(folders);
  const besideTrain = hasTrain ? maybeClasses(folders) : [];
  const beside = besideTrain.length > 0 ? { beside: besideTrain } : {};
  const leftOut = hasTrain && splits.val !== undefined ? { leftOut: path.join(data, splits.val) } : {};
  if (fold !== undefined) {
    const folder = await scanImageFolder(hasTrain ? path.join(data, 'train') : data);
    const dataset = apart(folder, drawFolds(folder, fold.count, options.seed)[fold.number - 1] ?? new Set());
    return { ...dataset, ...leftOut, ...beside };
  }
  if (options.valSplit !== undefined) {
    if (hasTrain && folders.includes('val')) {
      rejectUse(
        `--val-split can't be used with ${data}, which has train/ and val/`,
        'Leave --val-split out, or name train/ itself as the folder to split',
      );
    }
    const folder = await scanImageFolder(hasTrain ? path.join(data, 'train') : data);
    return { ...split(folder, options.valSplit, options.seed), ...leftOut, ...beside };
  }
  if (!hasTrain && options.val === undefined) {
    const isClass = folders.includes('train');
    const where = path.join(data, 'train');
    const why = isClass ? `${where}: the folder has no sub-folders, and so is no split` : `no such folder: ${where}`;
    const renamed = isClass ? undefined : hintOfSplits(options.data, splits);
    throw new ResnetFtError('DATA_NOT_FOUND', why, {
      hint:
        renamed ??
        (folders.length > 0 && !folders.includes('val')
          ? `If ${data} is the folder of classes itself, add --val-split 0.2, or --val DIR`
          : 'The data folder must hold train/ and val/, each with one sub-folder per class'),
    });
  }
  const valRoot = options.val === undefined ? path.join(data, 'val') : path.resolve(options.val);
  const renamed = options.val === undefined ? hintOfSplits(options.data, splits) : undefined;
  await requireFolder(
    valRoot,
    renamed ?? 'Name the validation images with --val DIR, or set some aside with --val-split 0.2',
  );
  const train = await scanImageFolder(hasTrain ? path.join(data, 'train') : data);
  const val = await scanImageFolder(valRoot);
  // With --val the folder is that of the classes itself, unless it has a train/: a Train/ was a class.
  const meant = hasTrain ? undefined : hintOfTraining(options.data, splits, options.val ?? '');
  return { ...match(train, val, meant), ...(options.val === undefined ? {} : beside) };
}

/**
 * Finds the training images alone, of a data set whose validation images have a folder of their own, wherever that is now.
 *
 * @throws as {@link openDataset}
 */
export async function openTrainingImages(data: string): Promise<Dataset> {
  const { folders } = await list(data);
  const inTrain = await hasTrainingFolder(data, folders);
  const { root, classes, samples, passedOver } = await scanImageFolder(inTrain ? path.join(data, 'train') : data);
  return { classes, train: samples, val: [], roots: [root], passedOver };
}

const SAME_FOLDERS = 'Both folders must hold the same sub-folders';
/** Names of which is told how they differ. */
const MOST_DIFFERENCES = 5;

/** @param meant what to do where the classes differ, if it is known */
function match(train: ImageFolder, val: ImageFolder, meant?: string): Dataset {
  const [inTrain, inVal] = [new Set(train.classes), new Set(val.classes)];
  const onlyTrain = train.classes.filter((name) => !inVal.has(name));
  const onlyVal = val.classes.filter((name) => !inTrain.has(name));
  const problems = [
    ...(onlyTrain.length > 0 ? [`only in ${train.root}: ${firstOf(onlyTrain.map(quotedBlanks))}`] : []),
    ...(onlyVal.length > 0 ? [`only in ${val.root}: ${firstOf(onlyVal.map(quotedBlanks))}`] : []),
  ];
  if (problems.length > 0) {
    throw new ResnetFtError('DATA_INVALID', `training and validation classes differ: ${problems.join('; ')}`, {
      hint: meant ?? [...hiddenDifferences(onlyTrain, onlyVal).slice(0, MOST_DIFFERENCES), SAME_FOLDERS].join('. '),
    });
  }
  // Both lists are sorted and equal, so equal names have equal indices.
  const passedOver = addPassedOver(train.passedOver, val.passedOver);
  const roots = [train.root, val.root];
  return { classes: train.classes, train: train.samples, val: val.samples, roots, passedOver };
}

function split(folder: ImageFolder, fraction: number, seed: number): Dataset {
  if (!(fraction > 0 && fraction < 1)) {
    rejectOption('a number above 0 and below 1', '--val-split', fraction);
  }
  const random = mulberry32(seed);
  const chosen = new Set<Sample>();
  const tooFew: string[] = [];
  for (const [target, own] of byTarget(folder).entries()) {
    if (own.length < 2) {
      tooFew.push(folder.classes[target] ?? '');
      continue;
    }
    const count = Math.min(own.length - 1, Math.max(1, Math.round(own.length * fraction)));
    for (const sample of shuffled(own, random).slice(0, count)) chosen.add(sample);
  }
  if (tooFew.length > 0) {
    throw new ResnetFtError('DATA_INVALID', `${folder.root}: too few images to split: ${firstOf(tooFew)}`, {
      hint: 'A class needs two images, one for training and one for validation',
    });
  }
  return apart(folder, chosen);
}

/** The images of a folder, those that were chosen for validation. */
function apart(folder: ImageFolder, chosen: ReadonlySet<Sample>): Dataset {
  return {
    classes: folder.classes,
    train: folder.samples.filter((sample) => !chosen.has(sample)),
    val: folder.samples.filter((sample) => chosen.has(sample)),
    roots: [folder.root],
    passedOver: folder.passedOver,
  };
}
