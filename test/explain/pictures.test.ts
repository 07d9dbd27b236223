import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pictureNamed, PictureNames } from '../../lib/explain/picture-name';
import { scratch } from '../cli/run';
import { HOSTILE } from '../html/hostile';

const tmp = scratch();
const NAMES = [
  ...HOSTILE,
  '..',
  '../../evil',
  '/etc/passwd',
  '.',
  '',
  'a\0b',
  '\\\\server\\share',
  'C:evil',
  '.hidden',
  'CON',
];

test.each(NAMES)('a picture of an image called %j stays in its folder', (name) => {
  const folder = mkdtempSync(path.join(tmp, 'in-'));
  const names = new PictureNames();
  const made = [names.next(name, 'layer4', name), names.next(`photos/${name}.jpg`, 'layer4', name)];
  for (const one of made) {
    expect(path.basename(one)).toBe(one);
    writeFileSync(path.join(folder, one), '');
  }
  expect(readdirSync(folder).sort()).toEqual([...made].sort());
});

test('pictures are known by their names, with a layer and a class of the model', () => {
  const layers = ['layer4', 'layer4.0', 'conv1'];
  const classes = ['ants', 'ants.layer4.ants', ...NAMES, 'x'.repeat(100)];
  const isPicture = pictureNamed(layers, classes);
  for (const name of NAMES) {
    for (const layer of layers) {
      const names = new PictureNames();
      for (const className of [...classes, 'ants']) {
        const made = names.next(`photos/${name}.jpg`, layer, className);
        expect([made, isPicture(made), isPicture(made.normalize('NFD'))]).toEqual([made, true, true]);
      }
    }
  }
  const others = [
    'ant.png',
    'ants.png',
    'layer4.ants.png',
    '.layer4.ants.png',
    'a.layer4.bees.png',
    'a.layer3.ants.png',
    'a.layer4.ants.jpg',
    'a.layer4.ants',
    'alayer4.ants.png',
    'a.layer4ants.png',
    'a.layer4.0.1.ants.png',
  ];
  expect(others.filter(isPicture)).toEqual([]);
});

test('names that only some file systems tell apart are told apart by a number', () => {
  const names = new PictureNames();
  const made = ['Caf\u00e9', 'cafe\u0301', 'CAF\u00c9'].map((name) => names.next(`${name}.jpg`, 'layer4', 'a'));
  expect(new Set(made.map((one) => one.normalize('NFC').toLowerCase())).size).toBe(3);
});
