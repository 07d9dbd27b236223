import { openJsBackend } from '../../lib/backend/js/backend';
import { openNativeBackend } from '../../lib/backend/native/backend';
import { slowRows } from '../slow';
import { describeAgreement } from './agreement';
import { describeContract } from './contract';

describeContract('native', openNativeBackend, { trainFrom: ['conv1', 'fc'], draws: ['torch', 'counter'] });
// The js backend takes its time for each of these.
const draws = ['counter', ...slowRows('torch' as const)] as const;
describeContract('js (wasm)', () => openJsBackend('wasm'), { trainFrom: ['fc', ...slowRows('conv1' as const)], draws });
describeAgreement('js (wasm) and native', async () => [await openJsBackend('wasm'), await openNativeBackend()], draws);
