import { Refusal } from './refusal';

type Query = Readonly<Record<string, string>>;
type Queries = Readonly<Record<string, readonly string[]>>;

const invalid = (message: string): Refusal => new Refusal(400, 'INVALID_QUERY', message);

/** @throws Refusal INVALID_QUERY where there is another name, or one twice */
export function onlyKnown(queries: Queries, names: readonly string[]): void {
  const other = Object.keys(queries).find((name) => !names.includes(name));
  if (other !== undefined) throw invalid(`Expected ${names.join(' or ')} in the query but received ${other}`);
  const again = names.find((name) => (queries[name]?.length ?? 0) > 1);
  if (again !== undefined) throw invalid(`Expected ${again} once in the query but received it several times`);
}

/** @throws Refusal INVALID_QUERY where the value is no number of at least 1 */
export function numberOf(query: Query, name: string, fallback: number): number {
  const text = query[name];
  if (text === undefined) return fallback;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw invalid(`Expected an integer of at least 1 for ${name} but received ${text === '' ? 'nothing' : text}`);
}

/** @throws Refusal INVALID_QUERY where the value is neither true nor false */
export function flagOf(query: Query, name: string): boolean {
  const text = query[name] ?? 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw invalid(`Expected true or false for ${name} but received ${text === '' ? 'nothing' : text}`);
}

/** @throws Refusal INVALID_QUERY where there is no value */
export function choiceOf(query: Query, name: string): string {
  const text = query[name];
  if (text === undefined || text === '') throw invalid(`Expected a value for ${name} in the query`);
  return text;
}
