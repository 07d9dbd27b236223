/** What exercises native code, for scripts/test-sanitized.js: sanitizers make it several times slower, so that what is of TypeScript alone is left out. */
module.exports = {
  ...require('./jest.config.js'),
  testMatch: [
    '**/test/addon/*.test.ts',
    '**/test/augment/*.test.ts',
    '**/test/backend/{contract,crops-parity,optimization}.test.ts',
    '**/test/data/{crop-cache,crop-store,crops-parity,extreme-images,image-store,pillow-resize,random-resized-crop}.test.ts',
    '**/test/data/geometry/*.test.ts',
    '**/test/explain/grad-cam.test.ts',
    '**/test/network/torchvision.test.ts',
    '**/test/team/session.test.ts',
    '**/test/train/{capabilities,cut-file,device-batches,explicit-pass,fit,random-plan,torch-vectors,window-batches}.test.ts',
  ],
  testTimeout: 1_800_000,
};
