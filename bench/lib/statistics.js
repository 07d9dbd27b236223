'use strict';

/** Median; the mean of the middle two of an even number. */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Median and spread of the samples of one side; memory is left out where it was not measured. */
function summarize(samples) {
  const values = samples.map(({ value }) => value);
  const memory = samples.map(({ peakMemory }) => peakMemory).filter((bytes) => bytes !== undefined);
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    ...(memory.length > 0 ? { peakMemory: median(memory) } : {}),
  };
}

/**
 * How far two rows of numbers are apart: the largest difference, relative to the largest magnitude of the second.
 * NaN where lengths differ or a value is no number, so that a comparison with a limit fails.
 */
function relativeDifference(actual, expected) {
  if (actual.length !== expected.length || actual.length === 0) return NaN;
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...actual.map((value, i) => Math.abs(value - expected[i]))) / scale;
}

module.exports = { median, relativeDifference, summarize };
