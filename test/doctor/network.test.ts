import type * as Network from '../../lib/doctor/network';
import { callApi } from '../predict/call-api';

const PROXY = 'http://proxy:3128';

// As undici has it: of the two spellings the lower one counts where it is set, even to nothing, and https goes by http's proxy where it has none.
test.each<[Record<string, string>, string]>([
  [{}, 'org directly;'],
  [{ HTTPS_PROXY: PROXY }, 'org through http://proxy:3128 (HTTPS_PROXY)'],
  [{ HTTP_PROXY: PROXY }, 'org through http://proxy:3128 (HTTP_PROXY)'],
  [{ HTTPS_PROXY: PROXY, https_proxy: '' }, 'org directly'],
  [{ HTTPS_PROXY: PROXY, https_proxy: '', HTTP_PROXY: 'http://other' }, 'org through http://other (HTTP_PROXY)'],
  [{ HTTPS_PROXY: PROXY, RESNET_FT_MIRROR: 'http://mirror/' }, 'http://mirror (RESNET_FT_MIRROR) directly'],
  [
    { HTTPS_PROXY: PROXY, http_proxy: 'http://other', RESNET_FT_MIRROR: 'http://mirror/' },
    'http://mirror (RESNET_FT_MIRROR) through http://other (http_proxy)',
  ],
  [{ HTTPS_PROXY: PROXY, NO_PROXY: '.org' }, 'through http://proxy:3128 (HTTPS_PROXY) unless NO_PROXY excludes it'],
])('with %j downloads come %s', async (env, found) => {
  const said = await callApi<Record<string, string>, string>(async ({ root }, set) => {
    for (const name of Object.keys(process.env)) if (/proxy|MIRROR|OFFLINE/i.test(name)) delete process.env[name];
    Object.assign(process.env, set);
    const { checkNetwork } = (await import(`${root}/dist/doctor/network.js`)) as typeof Network;
    return (await checkNetwork()).found;
  }, env);
  expect(said).toContain(found);
});
