import fs from 'node:fs';
import path from 'node:path';
import { writeStateDict } from '../../lib/weights';
import { imagenetClasses } from '../../lib/weights/registry';
import { ANTS_BEES, run, scratch } from '../cli/run';
import { makeTensors } from '../export/made-model';

const tmp = scratch();

test('a thousand outputs are ImageNet’s, whose plurals are met halfway, only where their names are, in whatever spelling', async () => {
  const names = [...imagenetClasses()];
  const file = path.join(tmp, 'bare.pth');
  await writeStateDict(file, makeTensors({ arch: 'resnet18', classes: names }));
  const evaluated = async (classes?: string[]): Promise<[number | null, string]> => {
    const list = path.join(tmp, 'classes.txt');
    if (classes !== undefined) fs.writeFileSync(list, classes.join('\n'));
    const given = classes === undefined ? [] : ['--classes', list];
    const { code, stderr } = await run(['eval', file, ANTS_BEES, ...given, '--json', '--device', 'cpu']);
    return [code, stderr];
  };
  expect(await evaluated()).toEqual([0, '']);
  // The folders are ants and bees: of one's own classes none is called so.
  const own = names.map((name, i) => (i < 400 ? name : `product ${i}`));
  expect(await evaluated(own)).toEqual([1, expect.stringContaining('ants is not a class of the model') as string]);
  const spelt = names.map((name, i) => (i === 134 ? 'crane bird' : name.replaceAll('_', ' ').toUpperCase()));
  expect(await evaluated(spelt)).toEqual([0, '']);
});
