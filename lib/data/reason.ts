/** Why an image could not be read, from an error's message, which may begin with the image's name. */
export function withoutName(message: string, file: string): string {
  return message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
}
