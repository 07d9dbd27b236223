import type { RgbImage } from '../../../lib/backend/stores';
import { checkSize } from '../../../lib/data/limits';
import { formatOf } from './browser-format';
import { bare, orientationOf } from './browser-metadata';
import { rgbOf } from './pixels';
import { upright } from './upright';

/**
 * Decodes an image with the browser's decoder: without its colour profile, as Pillow does, and turned only where asked for.
 *
 * @throws Error with the reason
 */
export async function decodeInBrowser(bytes: Uint8Array<ArrayBuffer>, exifRotate: boolean): Promise<RgbImage> {
  const { type, alpha } = formatOf(bytes);
  const bitmap = await createImageBitmap(new Blob([bare(bytes, type)], { type }), {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  }).catch((cause: unknown) => {
    throw new Error("the browser can't decode it", { cause });
  });
  try {
    checkSize(bitmap.width, bitmap.height);
    const pixels = byCanvas(bitmap);
    const image = rgbOf(alpha && !opaque(pixels.data) ? byTexture(bitmap) : pixels);
    return exifRotate ? upright(image, await orientationOf(bytes)) : image;
  } finally {
    bitmap.close();
  }
}

function byCanvas(bitmap: ImageBitmap): ImageData {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('the browser gives no canvas');
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height);
}

function opaque(data: Uint8ClampedArray): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}

/** A canvas multiplies colours by alpha, and what is transparent loses them; WebGL hands them through as they are in the file. */
function byTexture(bitmap: ImageBitmap): { width: number; height: number; data: Uint8Array } {
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
  if (gl === null || Math.max(width, height) > (gl.getParameter(gl.MAX_TEXTURE_SIZE) as number)) {
    throw new Error('it has transparent pixels, whose colours this browser does not give: save it without them');
  }
  const data = new Uint8Array(width * height * 4);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(
    gl.FRAMEBUFFER,
    gl.COLOR_ATTACHMENT0,
    gl.TEXTURE_2D,
    gl.getParameter(gl.TEXTURE_BINDING_2D) as WebGLTexture,
    0,
  );
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, data);
  const failed = gl.getError() !== gl.NO_ERROR;
  // Browsers keep a few contexts only.
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  if (failed) throw new Error('it has transparent pixels, and the browser failed to give their colours');
  return { width, height, data };
}
