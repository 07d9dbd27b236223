import { vectorsSuite } from './vectors-suite';

vectorsSuite(20);
