'use strict';

// GIFs whose pixels are packed as they should be, and of which all else is of any kind: frames beside the screen, palettes, extensions, a first
// code too many or too few (GIF89a specification).

/** LZW as GIF has it; codes beyond 4096 or a clear code in the midst now and then. */
function packed(pixels, leastBits, random) {
  const out = [];
  let bits = 0;
  let held = 0;
  const clear = 1 << leastBits;
  let size, next, known;
  const put = (code) => {
    held |= code << bits;
    for (bits += size; bits >= 8; bits -= 8, held >>>= 8) out.push(held & 255);
  };
  const begin = () => {
    size = leastBits + 1;
    next = clear + 2;
    known = new Map();
  };
  begin();
  if (!random.oneIn(20)) put(clear);
  const full = random.oneIn(5); // a full table stays, which is allowed
  let before = '';
  for (const pixel of pixels) {
    const both = before === '' ? String(pixel) : `${before},${pixel}`;
    if (before === '' || known.has(both)) {
      before = both;
      continue;
    }
    put(before.includes(',') ? known.get(before) : Number(before));
    if (next < 4096) {
      known.set(both, next);
      if (next === 1 << size && size < 12) size++;
      next++;
    } else if (!full) {
      put(clear);
      begin();
    }
    before = String(pixel);
  }
  if (before !== '') put(before.includes(',') ? known.get(before) : Number(before));
  if (next === 1 << size && size < 12) size++;
  if (!random.oneIn(10)) put(clear + 1);
  if (bits > 0) out.push(held & 255);
  return Buffer.from(out);
}

const u16 = (...numbers) => Buffer.concat(numbers.map((number) => Buffer.from([number & 255, number >> 8])));

/** Blocks of up to 255 bytes, with the empty one that ends them, as a rule. */
function blocks(bytes, random) {
  const out = [];
  const most = random.oneIn(3) ? 1 + random.below(20) : 255;
  for (let at = 0; at < bytes.length; at += most) {
    const block = bytes.subarray(at, at + most);
    out.push(Buffer.from([block.length]), block);
  }
  return Buffer.concat([...out, Buffer.alloc(random.oneIn(30) ? 0 : 1)]);
}

function extension(random) {
  if (random.oneIn(2)) {
    const flags = (random.below(8) << 2) | random.below(2);
    return Buffer.from([
      0x21,
      0xf9,
      random.oneIn(20) ? random.below(8) : 4,
      flags,
      5,
      0,
      random.below(random.pick([8, 256])),
      0,
    ]);
  }
  const name = random.pick([0xfe, 0xff, 0x01, random.below(256)]);
  return Buffer.concat([
    Buffer.from([0x21, name]),
    blocks(random.oneIn(2) ? Buffer.from('NETSCAPE2.0') : random.bytes(random.below(30)), random),
  ]);
}

function frame(random, screen) {
  const within = (size) => (random.oneIn(2) ? size : 1 + random.below(size + 3));
  const [width, height] = [within(screen.width), within(screen.height)];
  const [left, top] = [
    random.oneIn(2) ? 0 : random.below(screen.width),
    random.oneIn(2) ? 0 : random.below(screen.height),
  ];
  const paletteBits = 1 + random.below(8);
  const own = random.oneIn(3);
  const flags = (own ? 0x80 | (paletteBits - 1) : 0) | (random.oneIn(3) ? 0x40 : 0) | (random.oneIn(10) ? 0x20 : 0);
  const leastBits = random.oneIn(10) ? 1 + random.below(9) : 2 + random.below(7);
  const count = random.oneIn(10) ? random.below(width * height * 2) : width * height;
  const colours = random.pick([2, 2 ** leastBits]);
  const pixels = Array.from({ length: count }, () => random.below(colours));
  return Buffer.concat([
    Buffer.from([0x2c]),
    u16(left, top, width, height),
    Buffer.from([flags]),
    own ? random.bytes(3 << paletteBits) : Buffer.alloc(0),
    Buffer.from([leastBits]),
    blocks(packed(pixels, leastBits, random), random),
  ]);
}

/** A GIF of up to 14 x 14 pixels, and of up to two frames. */
function makeGif(random) {
  const screen = { width: 1 + random.below(14), height: 1 + random.below(14) };
  const paletteBits = 1 + random.below(8);
  const shared = !random.oneIn(5);
  const parts = [
    Buffer.from(random.pick(['GIF89a', 'GIF87a'])),
    u16(screen.width, screen.height),
    Buffer.from([
      (shared ? 0x80 : 0) | (random.below(8) << 4) | (paletteBits - 1),
      random.below(256),
      random.oneIn(3) ? random.below(256) : 0,
    ]),
    shared ? random.bytes(3 << paletteBits) : Buffer.alloc(0),
  ];
  for (let frames = 1 + random.below(2); frames > 0; frames--) {
    for (let i = random.below(4); i > 0; i--) parts.push(extension(random));
    parts.push(frame(random, screen));
  }
  if (!random.oneIn(10)) parts.push(Buffer.from([0x3b]));
  const whole = Buffer.concat(parts);
  return random.oneIn(20) ? whole.subarray(0, random.below(whole.length)) : whole;
}

module.exports = { makeGif };
