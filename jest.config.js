/** Tests import the TypeScript sources; those that start the command line run the built `dist`. */
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
  reporters: ['default', ...(process.env.RESNET_FT_TEST_RESULTS ? ['<rootDir>/scripts/results-reporter.js'] : [])],
};
