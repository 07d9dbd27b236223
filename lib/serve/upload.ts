import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyFileStream, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { streamBody, type BodyLimits } from './body';
import { Refusal } from './refusal';

/** An image as a client sent it. */
export interface Upload {
  /** As the client calls it; undefined where it does not. */
  name: string | undefined;
  bytes: Buffer;
}

/** The images of a request. */
export interface Uploads {
  images: Upload[];
  /** Whether they came as multipart/form-data, so that there may be several. */
  several: boolean;
  /** To be called once the bytes are not needed any more. */
  release: () => void;
}

/** Fields that are no files, and the bytes of each: they are not needed, and thrown away. */
const FIELDS = 32;
const FIELD_BYTES = 4096;
/** Parts that are no images at most: each takes time, however small it is. */
const OTHER_PARTS = 1000;
/** Bytes of the headers of a part. */
const HEADER_BYTES = 8192;
const FORM = 'multipart/form-data';
/** Types that are the bytes of an image. None at all is one too: `curl --upload-file` gives none. */
const RAW = /^(?:image\/[\w.+-]+|application\/octet-stream)$/;

/**
 * Reads the images of a request: its body is one, or multipart/form-data with a file for each. They stay in memory.
 *
 * @param most images of a request
 * @throws Refusal UNSUPPORTED_TYPE, NO_IMAGE, INVALID_MULTIPART, BODY_TOO_LARGE, REQUEST_TIMEOUT, QUEUE_FULL, BAD_REQUEST
 */
export async function readUploads(incoming: IncomingMessage, limits: BodyLimits, most: number): Promise<Uploads> {
  const type = typeOf(incoming);
  if (type === FORM) return readMultipart(incoming, limits, most);
  if (RAW.test(type)) return readRaw(incoming, limits);
  throw new Refusal(
    415,
    'UNSUPPORTED_TYPE',
    `Send the bytes of an image as image/* or application/octet-stream, or files as multipart/form-data, not ${type}`,
  );
}

/** The media type of a body, without parameters. */
function typeOf({ headers }: IncomingMessage): string {
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  return type.trim().toLowerCase() || 'application/octet-stream';
}

/** The body as one image, whatever its type says, but no form. */
export async function readRaw(incoming: IncomingMessage, limits: BodyLimits): Promise<Uploads> {
  if (typeOf(incoming) === FORM)
    throw new Refusal(415, 'UNSUPPORTED_TYPE', 'Send the bytes of the image as the body, and no form');
  const chunks: Buffer[] = [];
  const { release } = await streamBody(incoming, limits, (chunk) => chunks.push(chunk));
  const bytes = Buffer.concat(chunks);
  if (bytes.length > 0) return { images: [{ name: undefined, bytes }], several: false, release };
  release();
  throw new Refusal(400, 'NO_IMAGE', 'The request has no image: send its bytes as the body');
}

async function readMultipart(incoming: IncomingMessage, limits: BodyLimits, most: number): Promise<Uploads> {
  const images: Upload[] = [];
  let failure: Refusal | undefined;
  const fail = (refusal: Refusal): void => {
    failure ??= refusal;
  };
  const invalid = (why: string): void =>
    fail(new Refusal(400, 'INVALID_MULTIPART', `Not valid multipart/form-data: ${why}`));
  let busboy: BusboyInstance;
  try {
    busboy = new Busboy({
      headers: incoming.headers as BusboyHeaders,
      limits: {
        files: most,
        fields: FIELDS,
        fieldSize: FIELD_BYTES,
        headerSize: HEADER_BYTES,
        parts: most + OTHER_PARTS,
      },
      // Some programs send no name.
      isPartAFile: (_, type, name) => name !== undefined || (type !== undefined && RAW.test(type)),
      // Bodies are in memory anyway; where a part that is passed over fills its stream, busboy (3.2.6) never finishes.
      fileHwm: limits.maxBody,
    });
  } catch (error) {
    throw new Refusal(400, 'INVALID_MULTIPART', `Not valid multipart/form-data: ${reasonOfForm(error as Error)}`);
  }
  const finished = new Promise<void>((resolve) => {
    busboy.on('finish', resolve);
    busboy.on('error', (error: unknown) => {
      invalid(reasonOfForm(error as Error));
      resolve();
    });
  });
  busboy.on('file', (_field: string, file: BusboyFileStream, name: string) => {
    const chunks: Buffer[] = [];
    file.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A part that is cut off.
    file.on('error', (error: Error) => invalid(reasonOfForm(error)));
    file.on('end', () => images.push({ name: name === '' ? undefined : name, bytes: Buffer.concat(chunks) }));
  });
  const tooMany = (what: string): void => fail(new Refusal(413, 'BODY_TOO_LARGE', `The request has more than ${what}`));
  busboy.on('filesLimit', () => tooMany(`${most} images`));
  busboy.on('partsLimit', () => tooMany(`${most + OTHER_PARTS} parts`));
  const { release } = await streamBody(incoming, limits, (chunk) => {
    if (failure !== undefined) throw failure;
    busboy.write(chunk);
  });
  busboy.end();
  await finished;
  // A form sends a file without a name and content where none was chosen.
  const given = images.filter(({ name, bytes }) => name !== undefined || bytes.length > 0);
  if (failure === undefined && given.length > 0) return { images: given, several: true, release };
  release();
  throw failure ?? new Refusal(400, 'NO_IMAGE', 'The request has no image: send each as a file of the form');
}

/** What is wrong with a form, in the words of whoever sends one; busboy speaks of its own parts. */
function reasonOfForm({ message }: Error): string {
  if (/boundary not found/i.test(message)) return 'its Content-Type has no boundary';
  if (/needle/i.test(message)) return 'its boundary is too long';
  return message;
}
