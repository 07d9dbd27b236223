'use strict';

// What Pillow reads and ours refuses, and is meant to, or can't but: each by the reason that ours gives. docs/reliability.md has the same list.
// By the reason alone: a mutation may be an image of another format than its target's.
const DOCUMENTED = [
  // libjpeg goes on over damaged data with a warning, and Pillow with it; libvips gives up at some of them.
  /VipsJpeg: (?:Corrupt JPEG data|Inconsistent progression|Invalid SOS|Invalid component|Premature end|Unsupported|Unknown|Warning)/,
  // libpng reads the compressed data to their end and checks their sum; Pillow stops at the last pixel, and before a later frame.
  /libpng read error|Unknown error|PNG: the (?:first frame is not the whole image|frames are out of order)/,
  // Nor does it read a picture whose rows end too soon; Pillow leaves black what is not there.
  /PNG: there are too few bytes for its size/,
  // Where the picture itself has no pixels, Pillow takes those of a frame after it, as far as they go.
  /PNG: the chunk fdAT is cut off/,
  // libpng reads no such file; Pillow goes by the last header, and by whatever name and length a chunk has.
  /PNG: (?:there are two headers|the (?:name|length) of a chunk is not valid)/,
  // What IHDR says of compression and interlacing is of no interest to Pillow, and it takes the whole colours of the last palette.
  /PNG: (?:unknown (?:compression|interlacing)$|there are two palettes|the palette is (?:missing|damaged))/,
  // Python's int() also takes a sign and underscores.
  /PNM: not a number/,
  // A picture within a canvas of more than 16383 pixels a side, which no encoder writes.
  /webp: bad image dimensions/,
  // Damaged data and directories, at which libtiff's complaints are errors to libvips and warnings to Pillow.
  /tiff2vips|source: bad seek/,
  // Pillow leaves black what is not there, where it reads the pixels itself.
  /TIFF: (?:the file is cut off|strips or tiles (?:are missing|have no bytes)|a tag of one value)/,
  // Of a list of no offsets libtiff makes zeros: what Pillow shows then are the bytes of the file's own header.
  /TIFF: the file does not say where its pixels are/,
  // Pillow counts rows with whatever number it finds; nobody writes a fraction.
  /TIFF: the size of its strips or tiles is not a whole number/,
  // Of more strips than the picture has rows for, Pillow takes those that come last.
  /TIFF: more strips or tiles than pixels/,
  // BMP has run lengths for four and eight bits alone; Pillow takes each byte of a run for a pixel.
  /BMP: run lengths of black and white are not supported/,
  // Kinds that ours does not have: docs/architecture.md, Decoding.
  /TIFF: .* not supported|TIFF: YCbCr is supported in JPEG only/,
];

/** A bitmap as it lies in memory or in an icon, without a file's header: no file's name ends so. */
const isBareBitmap = (bytes) => bytes.length > 4 && [12, 40, 52, 56, 64, 108, 124].includes(bytes.readUInt32LE(0));

/** Kinds of PNM that Pillow has beside P1 to P6: floating point, CMYK, its own. */
const isOtherPnm = (bytes) => /^P(?:f|0CMYK|y(?:P|RGBA|CMYK))\s/.test(bytes.toString('latin1', 0, 8));

/** A PNG with a second header before its pixels. */
const hasTwoHeaders = (bytes) => bytes.indexOf('IHDR') !== bytes.lastIndexOf('IHDR');

/** Whether it is known that ours refuses an image for this reason. */
function isDocumented(message, bytes) {
  if (/not an image of a supported format/.test(message)) return isBareBitmap(bytes) || isOtherPnm(bytes);
  // Of two, Pillow goes by the last; libpng reads no file that has two.
  if (/PNG: \d+ bits of colour type \d+ are not supported/.test(message)) return hasTwoHeaders(bytes);
  return DOCUMENTED.some((reason) => reason.test(message));
}

module.exports = { isDocumented };
