import { paritySuite } from './parity-suite';

// The first steps; parity.slow.ts has all.
paritySuite(5);
