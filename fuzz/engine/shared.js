'use strict';

/** Bytes before the input in the memory that both threads share. */
const HEADER = 16;
/** Which of its numbers is which: how many inputs were begun, and the length of the last. */
const FIELDS = { beat: 0, length: 1 };
/** Bytes of an input that are shared at most. */
const MOST = 1 << 20;

module.exports = { HEADER, FIELDS, MOST };
