'use strict';

const path = require('node:path');

// What is fuzzed. What `needs` something that a machine may lack is passed over there, and the output says so.
// `reads` says what it is, for people; `covers` the files of dist whose coverage guides it. What a target needs beside these
// stands in fuzz/targets/NAME.js, which is loaded once coverage is set up:
//
//   seeds()       inputs to begin with, made here; may be asynchronous
//   read(bytes)   gives an input to a reader of ours; may be asynchronous, and throws a Finding where the result is wrong
//   codes         of ResnetFtError with which it refuses inputs
//   refusals      names of other classes by which it does, inside the package
//   caught        true where whatever fails within it counts as damage of the input
//   json          true where inputs are JSON, which is then mutated as a tree
//   stretch       true where a part of an input is now and then repeated until time above linear shows
//   dictionary    tokens in latin1, beside the texts of the covered files
//   gentle        true where little is changed at a time, so that many inputs stay readable
//   costs         how many times longer than others it takes, so that tests give it fewer inputs
//   limit         bytes of an input, 4096 where left out
//   make(random, seeds)
//                 an input of any kind that its format has, which one in four is: mutations seldom come to another that is whole
//   fix(bytes)    mends what a mutation always breaks, such as checksums
//   comparisons() what its inputs came to beside being read or refused, for the last line
//   open, close   before and after all inputs

const one = (name, reads, covers, options = {}) => ({
  name,
  reads,
  covers,
  ...options,
  load: () => require(path.join(__dirname, 'targets', options.file ?? name)),
});

const TARGETS = [
  one('pickle', 'the pickle in a .pth', ['weights/pickle', 'weights/pickle-values']),
  one('pth', 'a .pth, the zip of torch.save', ['weights', 'files/zip']),
  one('pth-legacy', 'a .pth of PyTorch before 1.6', ['weights']),
  one('safetensors', 'a .safetensors file', ['weights']),
  one('safetensors-header', 'the JSON of a .safetensors file', [
    'weights/safetensors',
    'weights/metadata',
    'weights/state-dict',
  ]),
  one('unzip', 'an archive and the names of its entries', ['download/unzip', 'files/zip']),
  one('model-card', 'the metadata of a model: classes, preprocessing, temperature', [
    'model/describe',
    'model/unknown',
    'weights/metadata',
  ]),
  one('unknown', 'the rule of calibrate by which a model says "none of these"', ['model/unknown']),
  one('class-list', 'a list of class names', ['model/class-list', 'files/text-file']),
  one('class-map', 'a map of folders to classes', ['eval/class-map', 'files/text-file']),
  one('class-weights', 'weights of classes in the loss', ['train/class-weights', 'files/text-file']),
  one('checkpoint', 'a checkpoint of a run', ['train/checkpoint-file', 'train/checkpoints']),
  one('run-config', 'config.json and result.json of a run that is resumed', [
    'train/run-config',
    'train/resume',
    'options',
  ]),
  one('repeat-plan', 'repeats.json of several trainings', ['repeats/plan', 'options']),
  one('compare-row', 'row.json of a comparison', ['compare/row-file']),
  one('report', "a run's folder, metrics.jsonl among it, and the page about it", ['report']),
  one('readme', 'a README.md in which a model card is renewed', ['card/sections']),
  one('crop-pack', 'a pack of the cache of crops', ['data/crop-pack']),
  one('path-list', 'a list of paths on standard input', ['predict/path-list']),
  one('upload', 'a request to serve: headers, multipart, query', ['serve']),
  one('connection', 'what a client of serve sends over a connection', ['serve', 'http']),
  one('orientation', 'EXIF and XMP of a JPEG, PNG or WebP', ['data/decoders']),
  one('file-kind', 'the kind of a file, by how it begins', ['check/format', 'data/no-image', 'data/image-kind']),
  ...['jpeg', 'png', 'gif', 'tiff', 'webp', 'bmp', 'pnm'].map((format) =>
    one(
      `image-${format}`,
      `an image, ${format.toUpperCase()}, compared with Pillow`,
      ['data/decoders', 'data/decode'],
      { needs: 'pillow' },
    ),
  ),
  one('native-resize', 'resize and crops in C++', [], { needs: 'clang' }),
  one('native-plan', 'a network and a recipe, read by the addon', [], { needs: 'clang' }),
];

module.exports = { TARGETS };
