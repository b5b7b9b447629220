/*
 * kubectl asks `auth can-i` in protocol buffers, whatever the server would rather read. This is as much of them as that
 * question needs. Sources: kubernetes.io, API concepts, protobuf encoding; k8s.io/api/authorization/v1/generated.proto.
 */

/** The first bytes of an object in protocol buffers: `k8s` and a zero. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** All length-delimited fields of a message; null where it is none. */
function fieldsOf(message: Uint8Array): readonly Field[] | null {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) varint();
    else if (wire === 2) {
      const length = varint();
      if (at + length > message.length) return null;
      found.push({ number: tag >>> 3, bytes: message.subarray(at, at + length) });
      at += length;
    } else return null;
  }
  return found;
}

const messageAt = (message: Uint8Array, number: number): Uint8Array =>
  fieldsOf(message)?.find((field) => field.number === number)?.bytes ?? new Uint8Array();

const textAt = (message: Uint8Array, number: number): string =>
  Buffer.from(messageAt(message, number)).toString('utf8');

const RESOURCE_ATTRIBUTES = ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'];

/** A SelfSubjectAccessReview as JSON text; null for every other object. */
export function reviewFromProtobuf(body: Uint8Array): string | null {
  if (!MAGIC.every((byte, index) => body[index] === byte)) return null;
  const unknown = body.subarray(MAGIC.length);
  const type = messageAt(unknown, 1);
  const [apiVersion, kind] = [textAt(type, 1), textAt(type, 2)];
  if (kind !== 'SelfSubjectAccessReview') return null;
  const attributes = messageAt(messageAt(messageAt(unknown, 2), 2), 1);
  const resourceAttributes = Object.fromEntries(
    RESOURCE_ATTRIBUTES.map((name, index) => [name, textAt(attributes, index + 1)]),
  );
  return JSON.stringify({ apiVersion, kind, spec: { resourceAttributes } });
}
