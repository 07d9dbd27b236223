/**
 * `test` for what asks for more memory than there is: sanitizers (`npm run test:asan`, `test:tsan`) need addresses without end, and their operator new ends
 * the process where it can't have what it was asked for.
 */
export const testOfMemory = process.env['RESNET_FT_SANITIZED'] === undefined ? test : test.skip;
