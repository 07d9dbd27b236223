import { ENDINGS, expectEndings } from './endings';

test.each(ENDINGS)('100 times: %s', async (kind, code) => {
  await expectEndings(kind, code, 100);
});
