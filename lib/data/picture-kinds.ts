/** Pictures in formats that neither torchvision's ImageFolder nor this program takes, by extension, and what each is called. */
export const PICTURES: Readonly<Record<string, string>> = {
  '.gif': 'GIF',
  '.heic': 'HEIC',
  '.heif': 'HEIF',
  '.avif': 'AVIF',
  '.svg': 'SVG',
  '.jp2': 'JPEG 2000',
  '.jxl': 'JPEG XL',
  '.psd': 'Photoshop',
  '.ico': 'ICO',
  '.pbm': 'PBM',
  '.dng': 'raw data of a camera',
  '.cr2': 'raw data of a camera',
  '.nef': 'raw data of a camera',
  '.arw': 'raw data of a camera',
};
