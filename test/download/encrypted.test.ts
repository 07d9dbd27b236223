import { MockAgent, request } from 'undici';
import { following } from '../../lib/download/client';

/** What comes of a request for `from` whose server names `to`. */
async function redirected(from: string, to: string): Promise<unknown> {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const [start, end] = [new URL(from), new URL(to)];
  const headers = { location: to };
  agent.get(start.origin).intercept({ path: start.pathname }).reply(302, 'moved', { headers });
  agent.get(end.origin).intercept({ path: end.pathname }).reply(200, 'the file');
  try {
    const { statusCode, body } = await request(from, { dispatcher: following(agent, start) });
    return [statusCode, await body.text()];
  } catch (error) {
    return (error as Error).message;
  } finally {
    await agent.close();
  }
}

test('a download that began by https does not go on by plain http', async () => {
  expect(await redirected('https://one.example/f', 'https://two.example/g')).toEqual([200, 'the file']);
  expect(await redirected('http://one.example/f', 'http://two.example/g')).toEqual([200, 'the file']);
  expect(await redirected('http://one.example/f', 'https://two.example/g')).toEqual([200, 'the file']);
  expect(await redirected('https://one.example/f', 'http://two.example/g')).toBe(
    'it is redirected from https to plain http, at http://two.example',
  );
});
