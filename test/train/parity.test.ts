import { excerptParity } from './parity-suite';

// parity.slow.ts has the whole data set.
excerptParity();
