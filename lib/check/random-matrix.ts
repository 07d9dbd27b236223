import { mulberry32 } from '../data/draw';

/** Rows of normally distributed numbers, the same for the same seed. */
export function randomRows(rows: number, columns: number, seed: number): Float32Array {
  const random = mulberry32(seed);
  // Box and Muller, A Note on the Generation of Random Normal Deviates, 1958; 1 - u is never 0.
  return Float32Array.from(
    { length: rows * columns },
    () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

/** The products of a vector with each row. */
export function project(matrix: Float32Array, vector: Float32Array): Float32Array {
  const columns = vector.length;
  return Float32Array.from({ length: matrix.length / columns }, (_, row) => {
    let sum = 0;
    for (let i = 0, at = row * columns; i < columns; i++, at++) sum += (matrix[at] as number) * (vector[i] as number);
    return sum;
  });
}
