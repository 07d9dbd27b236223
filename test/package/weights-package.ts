import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { buildNetwork } from '../../lib/network/architecture';
import { NAMED_WEIGHTS, type NamedWeights } from '../../lib/weights/registry';
import { madeWeights } from '../made-weights';
import type { Project } from './project';

const { makePackage } = jest.requireActual<{
  makePackage: (where: { out: string; folder: boolean }, fill: (target: string) => Promise<void>) => Promise<string>;
}>('../../scripts/npm-package.js');
const { fillPackage } = jest.requireActual<{
  fillPackage: (entry: NamedWeights, file: string, target: string) => Promise<void>;
}>('../../scripts/pack-weights.js');

/** Weights that were made here, in the place of torchvision's of a ResNet-18, and the tarball of their package. */
export interface PackedWeights {
  entry: NamedWeights;
  /** The weights as a file of their own. */
  file: string;
  tarball: string;
}

/** Packs random weights of a ResNet-18 as if they were its `imagenet-v1`. */
export async function packMadeWeights(folder: string): Promise<PackedWeights> {
  const file = path.join(folder, 'made.pth');
  await madeWeights(file, { network: buildNetwork('resnet18', 1000), seed: 3 });
  const official = NAMED_WEIGHTS.find(({ arch }) => arch === 'resnet18') as NamedWeights;
  const bytes = fs.readFileSync(file);
  const entry = { ...official, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
  const tarball = await makePackage({ out: folder, folder: false }, (target) => fillPackage(entry, file, target));
  return { entry, file, tarball };
}

/** A program of the project that is `resnet-ft`, but for that the registry has the made weights. */
export function commandWithWeights(project: Project, { entry }: PackedWeights): string {
  return project.write(
    'with-made-weights.cjs',
    `const { NAMED_WEIGHTS } = require('./node_modules/resnet-ft/dist/weights/registry.js');
     const made = ${JSON.stringify(entry)};
     Object.assign(NAMED_WEIGHTS.find(({ name, arch }) => name === made.name && arch === made.arch), made);
     require('./node_modules/resnet-ft/dist/cli/main.js').main(process.argv.slice(2));`,
  );
}
