'use strict';

// What must hold of every input: it is read, or refused by an error of ours that has a code. Whatever else happens is a finding.

/** Errors of JavaScript that tell of a mistake in a program, not in its input. By name: in jest, Node.js's own are of another realm. */
const MISTAKES = new Set(['TypeError', 'RangeError', 'ReferenceError', 'AssertionError']);

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Thrown by a target where what was read is not what should be. */
class Finding extends Error {}

const isOurs = (error) => error?.name === 'ResnetFtError' && typeof error.code === 'string';

/** @returns why an error is a finding; undefined where it is a refusal as it should be */
function faultOf(error, { codes = [], refusals = [], caught = false }) {
  if (!(error instanceof Error) && typeof error?.message !== 'string') return 'what was thrown is no error';
  if (refusals.includes(error.constructor.name)) return undefined;
  if (!isOurs(error)) return `${error.name} and not an error of ours`;
  if (!codes.includes(error.code)) return `the code ${error.code}, which this reader does not have`;
  if (CONTROL.test(error.message)) return 'a message with control characters';
  // A mistake that was wrapped is one still, unless the reader takes whatever fails for damage.
  for (let cause = error.cause; !caught && cause !== undefined; cause = cause.cause) {
    if (MISTAKES.has(cause.name) && cause.code === undefined) return `an error of ours that hides a ${cause.name}`;
  }
  return undefined;
}

/** What an input left behind in all objects of the program. */
function pollution() {
  for (const key in {}) return `Object.prototype.${key} is set`;
  for (const key in []) return `Array.prototype.${key} is set`;
  return undefined;
}

/** What comes of an error or none. */
function judge(target, error) {
  const polluted = pollution();
  if (polluted !== undefined) return { kind: 'finding', why: `prototype pollution: ${polluted}`, error };
  if (error === undefined) return { kind: 'read' };
  const why = error instanceof Finding ? error.message : faultOf(error, target);
  return why === undefined ? { kind: 'refused' } : { kind: 'finding', why, error };
}

/**
 * Gives an input to a target.
 *
 * @returns what came of it, or a promise of that where the target reads asynchronously
 */
function attempt(target, bytes) {
  try {
    const result = target.read(bytes);
    if (typeof result?.then !== 'function') return judge(target);
    return result.then(
      () => judge(target),
      (error) => judge(target, error),
    );
  } catch (error) {
    return judge(target, error);
  }
}

/** What findings of the same kind have in common: the reason and where it was thrown. */
function signature({ why, error }) {
  let inner = error;
  while (inner?.cause instanceof Error) inner = inner.cause;
  const frame = /\n\s+at .*?([\w-]+\.[jt]s:\d+)/.exec(inner?.stack ?? '')?.[1] ?? '';
  return `${why.replace(/\d+/g, 'N')} ${frame}`;
}

module.exports = { attempt, Finding, signature };
