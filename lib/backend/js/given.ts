import { byteLength, type NamedTensor } from '../../weights/state-dict';
import type { RgbImage, SessionState } from '../types';
import { misuse } from './error';

// What a caller gives may change as soon as the call has returned, unless it is lent: it is copied before that.

/** An image whose bytes stay as they are until the call is done. */
export function givenImage(image: RgbImage): RgbImage {
  return image.lent === true ? image : { ...image, data: new Uint8Array(image.data) };
}

/**
 * Tensors whose bytes stay as they are until the call is done.
 *
 * @throws ResnetFtError NATIVE_ERROR where bytes don't fit their shape
 */
export function givenTensors(tensors: readonly NamedTensor[]): NamedTensor[] {
  return tensors.map((tensor) => {
    const { name, dtype, shape, data, lent } = tensor;
    if (data.byteLength !== byteLength(dtype, shape)) throw misuse(`the bytes of ${name} do not fit its shape`);
    return lent === true ? tensor : { ...tensor, shape: [...shape], data: new Uint8Array(data) };
  });
}

/** As {@link givenTensors}. */
export function givenState({ model, optimizer, ema, generator, position, kept }: SessionState): SessionState {
  return {
    model: givenTensors(model),
    optimizer: givenTensors(optimizer),
    ema: givenTensors(ema),
    generator: generator === null ? null : { ...generator, words: generator.words.slice() },
    position: { ...position },
    kept: kept === null ? null : { loss: kept.loss, tensors: givenTensors(kept.tensors) },
  };
}
