import type { Preprocessing } from '../options';

/** What an image goes through before the network sees it, in words. */
export function preprocessingText(preprocessing: Preprocessing): string {
  const { crop, exifRotate, mean, std } = preprocessing;
  const steps = [
    `decoded as RGB, ${exifRotate === true ? 'and turned as its EXIF orientation says' : 'not turned by its EXIF orientation'}`,
    squareText(preprocessing),
    'divided by 255',
    `minus the mean ${mean.join(', ')}, divided by the standard deviation ${std.join(', ')} (red, green, blue)`,
  ];
  return `The network sees ${crop} × ${crop} pixels. An image is\n\n${steps.map((step, i) => `${i + 1}. ${step}`).join('\n')}`;
}

function squareText({ resize, crop, fit = 'crop', interpolation = 'bilinear' }: Preprocessing): string {
  const filter = `${interpolation}, with antialiasing, as Pillow does`;
  if (fit === 'stretch') return `resized to ${crop} × ${crop}, whatever its shape was (${filter})`;
  if (fit === 'pad') return `resized until its long side is ${crop} (${filter}), with black bars to make it a square`;
  return `resized until its short side is ${resize} (${filter}), and the ${crop} × ${crop} in the middle cut out`;
}
