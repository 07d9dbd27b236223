'use strict';

const js = require('@eslint/js');
const { defineConfig } = require('eslint/config');
const tseslint = require('typescript-eslint');
const { importRules } = require('./scripts/floors.js');

const nodeGlobals = Object.fromEntries(
  [
    ...['AbortController', 'Buffer', 'URL', 'clearTimeout', 'console', 'process', 'setTimeout', 'setImmediate'],
    ...['TextDecoder', 'TextEncoder', 'clearInterval', 'setInterval', 'performance', 'fetch'],
    ...['__dirname', '__filename', 'exports', 'module', 'require'],
  ].map((name) => [name, 'readonly']),
);

const unused = [
  'error',
  { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all', ignoreRestSiblings: true },
];

// What people read goes through lib/text/terminal.ts, which shows control characters in names instead of obeying them.
const TERMINAL = [
  // A constant holds no name.
  'CallExpression[callee.property.name=/^(write|end)$/][callee.object.property.name=/^std(out|err)$/][callee.object.object.name="process"]:not([arguments.0.type="Literal"])',
  'VariableDeclarator[init.property.name=/^std(out|err)$/][init.object.name="process"]',
  'VariableDeclarator[init.name="process"] Property[key.name=/^std(out|err)$/]',
  'ImportSpecifier[imported.name=/^std(out|err)$/]',
].map((selector) => ({ selector, message: 'Write with say, tell and sayJson of lib/text/terminal.ts.' }));

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
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': unused,
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/text/terminal.ts'],
    rules: { 'no-console': 'error', 'no-restricted-syntax': ['error', ...TERMINAL] },
  },
  ...importRules().map(({ files, selector, message }) => ({
    files,
    ignores: ['lib/text/terminal.ts'],
    rules: { 'no-restricted-syntax': ['error', ...TERMINAL, { selector, message }] },
  })),
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
