'use strict';

const { decodeImage } = require('../../dist/data/decode');
const { orientationOf } = require('../../dist/data/decoders/orientation');
const { Finding } = require('../engine/property');
const { isDocumented } = require('./documented');
const { Pillow } = require('./pillow');
const { seedsOf } = require('./seeds');

/** Mean difference of a channel up to which pixels count as near. */
const NEAR = 2;

/** Refusals and differences of which no more kinds are counted apart. */
const MOST_KINDS = 60;

/** How far two pictures of the same size are from each other: the mean over all channels. */
function distance(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / Math.max(1, a.length);
}

const shape = (text) =>
  text
    .replace(/^[^:]*: /, '')
    .replace(/0x[\da-f]+|\d+/gi, 'N')
    .slice(0, 90);

/**
 * A target that gives images to our decoder and to Pillow: where Pillow reads one, ours has the same size and near pixels, or refuses it for
 * a reason that is documented.
 *
 * @param options fix, limit and dictionary as of any target
 */
function imageTarget(format, options = {}) {
  const counts = { equal: 0, near: 0, refusedByOurs: 0, refusedByPillow: 0, refusedByBoth: 0, large: 0 };
  const kinds = {};
  let pillow;
  const note = (kind, text) => {
    const key = `${kind}: ${shape(text)}`;
    if (kinds[key] !== undefined || Object.keys(kinds).length < MOST_KINDS) kinds[key] = (kinds[key] ?? 0) + 1;
  };

  function compare(ours, theirs) {
    if (theirs.width !== ours.width || theirs.height !== ours.height)
      throw new Finding(`${ours.width} x ${ours.height} pixels, and ${theirs.width} x ${theirs.height} by Pillow`);
    if (theirs.data === undefined) return void counts.large++;
    // Where EXIF data are damaged Pillow may fail, and ours be content with others.
    if (theirs.orientation !== 0 && ours.orientation !== theirs.orientation)
      throw new Finding(`an orientation of ${ours.orientation}, and of ${theirs.orientation} by Pillow`);
    if (theirs.data.equals(ours.data)) return void counts.equal++;
    const far = distance(ours.data, theirs.data);
    if (far <= NEAR) return void counts.near++;
    throw new Finding('pixels that are not those of Pillow');
  }

  return {
    codes: ['IMAGE_UNREADABLE'],
    gentle: true,
    costs: 4,
    ...options,
    open() {
      pillow = new Pillow();
    },
    close: () => pillow.close(),
    seeds: () => seedsOf(format),
    comparisons: () => ({ ...counts, kinds }),
    async read(bytes) {
      const theirs = await pillow.open(bytes);
      let ours;
      try {
        ours = { ...(await decodeImage(bytes)), orientation: orientationOf(bytes) };
      } catch (error) {
        if (theirs?.width === undefined) counts.refusedByBoth++;
        else if (theirs.data === undefined) counts.large++;
        else {
          counts.refusedByOurs++;
          note('ours refuses', error.message);
          if (error.code === 'IMAGE_UNREADABLE' && !isDocumented(error.message, bytes))
            throw new Finding(`refused, and read by Pillow: ${shape(error.message)}`);
        }
        throw error;
      }
      if (theirs === undefined) return;
      if (theirs.width === undefined) {
        counts.refusedByPillow++;
        note('Pillow refuses', theirs.reason);
      } else compare(ours, theirs);
    },
  };
}

module.exports = { imageTarget };
