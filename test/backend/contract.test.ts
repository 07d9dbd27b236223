import { openJsBackend } from '../../lib/backend/js/backend';
import { openNativeBackend } from '../../lib/backend/native/backend';
import { describeAgreement } from './agreement';
import { describeContract } from './contract';

describeContract('native', openNativeBackend);
describeContract('js (wasm)', () => openJsBackend('wasm'));
describeAgreement('js (wasm) and native', async () => [await openJsBackend('wasm'), await openNativeBackend()]);
