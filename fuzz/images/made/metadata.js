'use strict';

// What turns an image, as cameras and programs write it, for those that are made (png.js, webp.js, jpeg.js).

/** EXIF data that hold an orientation and nothing else; now and then another number than 1 to 8. */
function exif(random) {
  const head = random.oneIn(2)
    ? 'MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0?\0\0\0\0\0\0'
    : 'II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0?\0\0\0\0\0\0\0';
  return Buffer.from(head.replace('?', String.fromCharCode(random.below(10))), 'latin1');
}

/** XMP that holds an orientation, as an attribute or an element. */
function xmp(random) {
  const number = random.below(10);
  return Buffer.from(
    random.oneIn(3) ? `<tiff:Orientation>${number}</tiff:Orientation>` : `<x tiff:Orientation="${number}"/>`,
  );
}

module.exports = { exif, xmp };
