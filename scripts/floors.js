'use strict';

/**
 * The rooms of lib/ from the ground up: a room may import from those before it, and from itself. The linter refuses the rest
 * (eslint.config.js), so that no room depends on what stands above it, and none depends on itself through others.
 */
const FLOORS = [
  // what knows of nothing else
  ['text', 'html', 'charts', 'errors', 'options', 'machine', 'files', 'http', 'tensorboard', 'download'],
  // what a network is, and what it runs on
  ['weights', 'network', 'libtorch'],
  // a network in use
  ['backend', 'data', 'model'],
  // several processes that train together
  ['team'],
  // what the commands do
  [
    'eval',
    'predict',
    'check',
    'grad-cam',
    'report',
    'card',
    'train',
    'watch',
    'explain',
    'serve',
    'repeats',
    'compare',
    'lr-find',
  ],
  ['export', 'summary', 'bench', 'doctor'],
  // what a person and a program see
  ['cli', 'index'],
];

const ROOMS = FLOORS.flat();

/** The imports from above that each room must not have: files, a selector of such an import, and what to say of it. */
function importRules() {
  return ROOMS.slice(0, -1).flatMap((room, rank) => {
    const above = ROOMS.slice(rank + 1).join('|');
    const kinds = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression'];
    const rule = (files, up) => ({
      files: [files],
      selector: `:matches(${kinds.join(', ')})[source.value=/^${up}(${above})(\\/|\\.js$|$)/]`,
      message: `lib/${room} may not import from a room above it: the order stands in scripts/floors.js.`,
    });
    return [
      rule(`lib/${room}.ts`, '\\.\\/'),
      rule(`lib/${room}/*.ts`, '\\.\\.\\/'),
      rule(`lib/${room}/*/**/*.ts`, '(\\.\\.\\/){2,}'),
    ];
  });
}

module.exports = { FLOORS, ROOMS, importRules };
