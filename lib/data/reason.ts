import { printable } from '../printable';

/** Why an image could not be read, from an error's message, which may begin with the image's name. */
export function withoutName(message: string, file: string): string {
  const start = `${printable(file)}: `;
  return message.startsWith(start) ? message.slice(start.length) : message;
}
