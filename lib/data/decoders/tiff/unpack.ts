import type { RgbImage } from '../../../backend/types';
import { cmykToRgb } from '../cmyk';
import { reversed } from './bits';
import type { Layout } from './layout';
import { planeOf } from './planes';
import { Refusal } from '../refusal';

/**
 * Makes a TIFF's samples the picture that Pillow's `convert('RGB')` gives: of 16 bits of colour the upper ones, gray of more than
 * eight clipped, premultiplied alpha undone, other alpha dropped, turned as the orientation says.
 */
export function unpackTiff({ layout, planes }: { layout: Layout; planes: Uint8Array[] }): RgbImage {
  // The bits of what was compressed are turned before it is decompressed.
  const turned = layout.fillOrder === 2 && layout.compression === 1;
  const samples = turned ? planes.map(reversed) : planes;
  return orient(unpack(layout, samples), layout.orientation);
}

function unpack(layout: Layout, planes: Uint8Array[]): RgbImage {
  const { width, height, kind } = layout;
  const plane = planeOf(layout);
  const first = planes[0] as Uint8Array;
  if (kind === 'rgb' && planes.length === 1 && plane.samples === 3 && plane.bits === 8)
    return { width, height, data: first };
  const data = new Uint8Array(width * height * 3);
  if (kind === 'gray' || kind === 'palette') looked(layout, first, plane.rowBytes, data);
  else if (kind === 'clipped') clipped(layout, first, plane.rowBytes, data);
  else if (kind === 'rgb' || kind === 'premultiplied' || kind === 'cmyk') coloured(layout, planes, data);
  else throw new Refusal(`TIFF: ${kind} is not supported`);
  return { width, height, data };
}

/** Gray and palettes of up to eight bits: a table of what each value looks like. */
function looked(layout: Layout, bytes: Uint8Array, rowBytes: number, data: Uint8Array): void {
  const { width, height, bits, samples, kind, colorMap = [], inverted } = layout;
  const colours = 2 ** bits;
  const table = new Uint8Array(colours * 3);
  const entries = Math.floor(colorMap.length / 3);
  for (let value = 0; value < colours; value++) {
    for (let c = 0; c < 3; c++) {
      const gray = Math.round((value * 255) / (colours - 1));
      const colour = value < entries ? (colorMap[c * entries + value] ?? 0) >> 8 : 0;
      table[value * 3 + c] = kind === 'palette' ? colour : inverted ? 255 - gray : gray;
    }
  }
  let out = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * bits * samples;
      const value = ((bytes[y * rowBytes + (bit >> 3)] as number) >> (8 - bits - (bit & 7))) & (colours - 1);
      data[out++] = table[value * 3] as number;
      data[out++] = table[value * 3 + 1] as number;
      data[out++] = table[value * 3 + 2] as number;
    }
  }
}

/** Gray of 12 bits and more, which Pillow clips to 0 to 255. */
function clipped(layout: Layout, bytes: Uint8Array, rowBytes: number, data: Uint8Array): void {
  const { width, height, bits, sampleFormat, littleEndian } = layout;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (at: number): number => {
    if (sampleFormat === 3) return view.getFloat32(at, littleEndian);
    if (bits === 16) return sampleFormat === 2 ? view.getInt16(at, littleEndian) : view.getUint16(at, littleEndian);
    return view.getInt32(at, littleEndian); // Pillow's own integers are signed, whatever the file's are
  };
  let out = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let value: number;
      if (bits === 12) {
        const at = y * rowBytes + (x >> 1) * 3;
        const [a = 0, b = 0, c = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]];
        value = x % 2 === 0 ? (a << 4) | (b >> 4) : ((b & 15) << 8) | c;
      } else value = read(y * rowBytes + (x * bits) / 8);
      const level = value > 0 ? Math.min(255, Math.trunc(value)) : 0;
      data[out++] = level;
      data[out++] = level;
      data[out++] = level;
    }
  }
}

/** RGB and CMYK of 8 and 16 bits, in one plane or several. */
function coloured(layout: Layout, planes: Uint8Array[], data: Uint8Array): void {
  const { width, height, kind, littleEndian, planar } = layout;
  const plane = planeOf(layout);
  const size = plane.bits / 8;
  const step = plane.samples * size;
  const upper = size === 2 && littleEndian ? 1 : 0;
  const whole = planes[0] as Uint8Array;
  const channel = (c: number): Uint8Array =>
    (planar ? (planes[c] as Uint8Array) : whole.subarray(c * size)).subarray(upper);
  const [a, b, c] = [channel(0), channel(1), channel(2)];
  const pixels = width * height;
  if (kind === 'cmyk') {
    const black = channel(3);
    for (let i = 0, at = 0; i < pixels; i++, at += step) {
      cmykToRgb(data, i * 3, a[at] as number, b[at] as number, c[at] as number, black[at] as number);
    }
    return;
  }
  for (let i = 0, at = 0, out = 0; i < pixels; i++, at += step, out += 3) {
    data[out] = a[at] as number;
    data[out + 1] = b[at] as number;
    data[out + 2] = c[at] as number;
  }
  if (kind !== 'premultiplied') return;
  const alpha = channel(3);
  for (let i = 0, at = 0; i < pixels; i++, at += step) {
    const opacity = alpha[at] as number;
    if (opacity === 255) continue;
    for (let out = i * 3; out < i * 3 + 3; out++) {
      data[out] = opacity === 0 ? 0 : Math.min(255, Math.trunc(((data[out] as number) * 255) / opacity));
    }
  }
}

/** Turns and mirrors a picture as EXIF's orientation says; unknown values change nothing. */
export function orient(image: RgbImage, orientation: number): RgbImage {
  if (!(orientation >= 2 && orientation <= 8)) return image;
  const { width: w, height: h, data } = image;
  const turned = orientation >= 5;
  const [width, height] = turned ? [h, w] : [w, h];
  const flipX = [2, 3, 7, 8].includes(orientation); // within the stored picture
  const flipY = [3, 4, 6, 7].includes(orientation);
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = turned ? [y, x] : [x, y];
      let from = ((flipY ? h - 1 - sy : sy) * w + (flipX ? w - 1 - sx : sx)) * 3;
      out[to++] = data[from++] as number;
      out[to++] = data[from++] as number;
      out[to++] = data[from] as number;
    }
  }
  return { width, height, data: out };
}
