import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { KubeHttpReply } from '../world/kubernetes/kube-path.ts';

/** Smaller bodies are not worth it. Source: kube-apiserver, `defaultGzipThresholdBytes`. */
const GZIP_FROM_BYTES = 128 * 1024;

const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

/** Writes an answer, compressed where it is large and the caller takes it so. */
export function sendReply(
  response: ServerResponse,
  reply: KubeHttpReply,
  acceptEncoding: string | undefined,
): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(textOf(reply.body));
  const headers = { 'Cache-Control': 'no-cache, private', ...reply.headers };
  if (bytes.length < GZIP_FROM_BYTES || acceptEncoding?.includes('gzip') !== true) {
    response.writeHead(reply.status, { ...headers, 'Content-Length': bytes.length });
    response.end(bytes);
    return;
  }
  const packed = gzipSync(bytes, { level: 1 });
  response.writeHead(reply.status, {
    ...headers,
    'Content-Encoding': 'gzip',
    Vary: 'Accept-Encoding',
    'Content-Length': packed.length,
  });
  response.end(packed);
}

/** Plain text, as health checks get it. */
export const plainReply = (status: number, body: string): KubeHttpReply => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body,
});
