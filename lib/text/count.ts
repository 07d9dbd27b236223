/** A number and what it counts, in the right form: `1 class`, `2 classes`. */
export function counted(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
