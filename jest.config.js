/** Tests import the TypeScript sources; those that start the command line run the built `dist`. */

// Two test files run at a time, each with threads for every core: those of OpenMP that wait would spin, and take the cores from those that compute
// (two trainings beside other work took 73 s so, and 13 s like this). What is computed is the same to the bit.
process.env.OMP_WAIT_POLICY ??= 'passive';

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    // ECharts is written in ES modules.
    '/lib/charts/echarts\\.ts$': '<rootDir>/scripts/bundle-charts.js',
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs', ignoreDynamic: true },
      },
    ],
  },
  testTimeout: 300_000,
  maxWorkers: 2,
  testSequencer: '<rootDir>/scripts/long-first-sequencer.js',
  reporters: ['default', ...(process.env.RESNET_FT_TEST_RESULTS ? ['<rootDir>/scripts/results-reporter.js'] : [])],
};
