import { vectorsSuite } from './vectors-suite';

// The first steps; torch-vectors.slow.ts has all twenty.
vectorsSuite(9);
