/** Takes records off the end of a list that a run which has gone back tells once more. */
export function dropRepeated<T>(records: T[], isRepeated: (record: T) => boolean): void {
  for (let last = records.at(-1); last !== undefined && isRepeated(last); last = records.at(-1)) records.pop();
}
