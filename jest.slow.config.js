module.exports = { ...require('./jest.config.js'), testMatch: ['**/*.slow.ts'], testTimeout: 3_600_000, maxWorkers: 1 };
