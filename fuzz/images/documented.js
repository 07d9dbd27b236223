'use strict';

// Where ours and Pillow differ and are meant to, or can't but: docs/reliability.md says why. `formats` are those of seeds.py; `reason` is
// that of our refusal of what Pillow reads; `differs` says that pixels may be others.
const DOCUMENTED = [];

module.exports = { DOCUMENTED };
