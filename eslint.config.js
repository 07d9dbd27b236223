'use strict';

const js = require('@eslint/js');
const { defineConfig } = require('eslint/config');
const regexp = require('eslint-plugin-regexp').default;
const tseslint = require('typescript-eslint');
const { importRules } = require('./scripts/floors.js');

const nodeGlobals = Object.fromEntries(
  [
    ...['AbortController', 'Buffer', 'URL', 'clearTimeout', 'console', 'process', 'setTimeout', 'setImmediate'],
    ...['TextDecoder', 'TextEncoder', 'clearInterval', 'setInterval', 'performance', 'fetch', 'Request'],
    ...['__dirname', '__filename', 'exports', 'module', 'require'],
  ].map((name) => [name, 'readonly']),
);

const unused = [
  'error',
  { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all', ignoreRestSiblings: true },
];

const STRICT = {
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-unused-vars': unused,
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  '@typescript-eslint/switch-exhaustiveness-check': 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
};

// What people read goes through lib/text/terminal.ts, which shows control characters in names instead of obeying them.
const TERMINAL = [
  // A constant holds no name.
  'CallExpression[callee.property.name=/^(write|end)$/][callee.object.property.name=/^std(out|err)$/][callee.object.object.name="process"]:not([arguments.0.type="Literal"])',
  'VariableDeclarator[init.property.name=/^std(out|err)$/][init.object.name="process"]',
  'VariableDeclarator[init.name="process"] Property[key.name=/^std(out|err)$/]',
  'ImportSpecifier[imported.name=/^std(out|err)$/]',
].map((selector) => ({ selector, message: 'Write with say, tell and sayJson of lib/text/terminal.ts.' }));

// Each invalid option has the same message.
const INVALID_OPTION = {
  selector: 'NewExpression[callee.name="ResnetFtError"][arguments.0.value="INVALID_OPTION"]',
  message: 'Throw it with rejectOption or rejectUse of lib/options/spec.ts.',
};

// A hint is a sentence of its own, after the message.
const HINT = ':matches(Property[key.name="hint"], VariableDeclarator[id.name="hint"])';
const HINTS = ['', ' > ConditionalExpression', ' > LogicalExpression'].flatMap((between) =>
  [' > Literal[value=/^[a-z]/]', ' > TemplateLiteral > TemplateElement:first-child[value.raw=/^[a-z]/]'].map(
    (text) => ({ selector: `${HINT}${between}${text}`, message: 'A hint begins with a capital.' }),
  ),
);

const RESTRICTED = [...TERMINAL, INVALID_OPTION, ...HINTS];

module.exports = defineConfig(
  {
    ignores: [
      'dist/',
      'build/',
      'prebuilds/',
      'coverage/',
      'runs/',
      '**/.venv*/',
      '.cache/',
      'test/.work/',
      'node_modules/',
      'packages/*/src/**/*.d.ts',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { sourceType: 'commonjs', ecmaVersion: 2023, globals: nodeGlobals },
    rules: { 'no-unused-vars': unused },
  },
  {
    files: ['lib/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: __dirname } },
    rules: STRICT,
  },
  {
    files: ['packages/*/src/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './packages/runtime/tsconfig.json', tsconfigRootDir: __dirname } },
    rules: STRICT,
  },
  {
    // Of a text of others, no expression may take more than linear time.
    files: ['lib/**/*.ts', 'packages/*/src/**/*.ts'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
    },
  },
  {
    files: ['lib/**/*.ts', 'packages/*/src/**/*.ts'],
    ignores: ['lib/text/terminal.ts'],
    rules: { 'no-console': 'error', 'no-restricted-syntax': ['error', ...RESTRICTED] },
  },
  ...importRules().map(({ files, selector, message }) => ({
    files,
    ignores: ['lib/text/terminal.ts'],
    rules: { 'no-restricted-syntax': ['error', ...RESTRICTED, { selector, message }] },
  })),
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/cli/**', 'lib/text/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '/text/terminal(\\.js)?$', message: 'Only lib/cli writes: tell the caller by an event.' },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
);
