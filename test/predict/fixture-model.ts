import path from 'node:path';
import { ANTS_BEES, run } from '../cli/run';

export const VAL = path.join(ANTS_BEES, 'val');

/** Trains a ResNet-18 for one epoch on the fixture; gives back the folder of the run. */
export async function trainFixtureModel(folder: string): Promise<string> {
  const output = path.join(folder, 'run');
  const recipe = ['--arch', 'resnet18', '--weights', 'none', '--epochs', '1', '--batch-size', '8', '--device', 'cpu'];
  const ran = await run(['train', ANTS_BEES, ...recipe, '--output', output]);
  if (ran.code !== 0) throw new Error(ran.stderr);
  return output;
}
