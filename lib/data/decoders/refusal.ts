/**
 * Why this package does not decode an image, found out by its own code: trying again changes nothing. Errors of libvips are none,
 * for they may be those of another image.
 */
export class Refusal extends Error {}
