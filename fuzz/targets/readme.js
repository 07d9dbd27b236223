'use strict';

const { authorSection, authorYaml, sealed, takeOver } = require('../../dist/card/sections');
const { Finding } = require('../engine/property');

const CARD = `---\n${authorYaml('metadata', 'license: unknown')}\n---\n# A model\n${authorSection('intended-use', 'Say.')}\nMore.\n`;

module.exports = {
  stretch: true,
  dictionary: ['<!-- author: begin x', '# author: end x', '<!-- resnet-ft: SHA-256', '\r\n', '---\n'],
  seeds: () => [sealed(CARD), sealed(CARD.replace('Say.', 'My own\nwords.')), CARD].map((text) => Buffer.from(text)),
  read(bytes) {
    const old = bytes.toString();
    const taken = takeOver(CARD, old);
    // What was taken over once stays as it is.
    if (taken !== undefined && takeOver(CARD, taken) !== taken)
      throw new Finding('a card that is renewed twice differs');
  },
};
