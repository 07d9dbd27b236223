import { ENDINGS, expectEndings } from './endings';

test.each(ENDINGS)('a process that ends while something computes: %s, with code %d', async (kind, code) => {
  await expectEndings(kind, code, 2);
});
